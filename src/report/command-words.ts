/** What a command asks for, in words: what stands behind its name in the list of commands. */
import { hex } from "../../models/index.ts";
import type { Command, Setting } from "../../models/index.ts";
import { counted } from "./lines.ts";
import { allocName, deviceName, framesName, groupName, taskName, tokenName, zoneOfNode } from "./names.ts";

/** The command on one line: `alloc a1 user order 0 node 0`. */
export function commandLine(command: Command): string {
  return `${command.op} ${commandWords(command)}`;
}

export function commandWords(command: Command): string {
  switch (command.op) {
    case "alloc": {
      const zone = command.zone === "normal" ? "" : ` zone ${command.zone} or below`;
      return `${allocName(command.id)} ${command.kind} order ${command.order} ${nodeWords(command)}${zone}`;
    }
    case "alloc-atomic":
      return `${allocName(command.id)} order ${command.order} node ${command.node}${command.zone === "normal" ? "" : ` zone ${command.zone} or below`}`;
    case "unreserve":
      return `node ${command.node} for ${command.movable ? "movable" : "kernel"} pages${command.force ? ", by force" : ""}`;
    case "free":
      return `${allocName(command.id)}${pcpWords(command)}`;
    case "drain":
    case "pcp-disable":
    case "pcp-enable":
    case "compact":
      return zoneOfNode(command.zone, command.node);
    case "hold":
    case "release":
    case "lru-batch":
    case "lru-isolate":
    case "lru-putback":
      return allocName(command.id);
    case "pin":
    case "unpin":
      return `${allocName(command.id)}${command.longTerm ? " long-term" : ""}`;
    case "pin-range": {
      const { first, skip, zero, last, longTerm } = command;
      const parts = [...(first === null ? [] : [`${allocName(first)}${skip === 0 ? "" : ` from page ${skip} on`}`]), ...(zero ? ["the zero page"] : []), ...(last === null ? [] : [allocName(last)])];
      return `${parts.length === 0 ? "nothing" : parts.join(", ")}${longTerm ? " long-term" : ""}`;
    }
    case "poison":
    case "soft-offline":
    case "unpoison":
    case "free-reserved":
      return `frame ${hex(command.pfn)}`;
    case "inflate":
      return `${allocName(command.id)} node ${command.node}`;
    case "deflate":
      return allocName(command.id);
    case "lru-drain":
      return "drain the batches of the LRU";
    case "vmstat-refresh":
      return "fold the counters of the CPU";
    case "isolate":
      return `${tokenName(command.id)} ${rangeWords(command)} for ${command.mode}`;
    case "unisolate":
      return `${tokenName(command.id)} ${rangeWords(command)}`;
    case "test-isolated":
      return `${rangeWords(command)} for ${command.mode}`;
    case "alloc-contig":
      return `${allocName(command.id)} ${rangeWords(command)}${command.compound ? " compound" : ""}${command.gfp === "kernel" ? "" : ` ${command.gfp}`}`;
    case "free-contig":
      return `${rangeWords(command)}${pcpWords(command)}`;
    case "alloc-contig-pages":
      return `${allocName(command.id)} ${counted(command.nrPages, "frame")} ${nodeWords(command)}${command.movable ? " Movable too" : ""}`;
    case "cma-alloc":
      return `${allocName(command.id)} ${counted(command.nrPages, "frame")} of area ${command.area}${command.align === 0 ? "" : ` aligned to order ${command.align}`}`;
    case "cma-release":
      return `${allocName(command.id)} to area ${command.area}${pcpWords(command)}`;
    case "fake-offline":
      return `${rangeWords(command)}${command.drops ? " dropped when offline" : ""}`;
    case "fake-online":
    case "remove":
    case "offline-and-remove":
      return rangeWords(command);
    case "add":
      return `${rangeWords(command)} ${command.group === null ? `node ${command.node}` : groupName(command.group)}${command.memmapOnMemory ? " memmap on memory" : ""}`;
    case "write-state":
      return `block ${command.block} ${command.value}`;
    case "write-online":
      return `block ${command.block} ${command.value ? 1 : 0}`;
    case "group-static":
      return `${groupName(command.id)} node ${command.node} of ${counted(command.maxPages, "frame")}`;
    case "group-dynamic":
      return `${groupName(command.id)} node ${command.node} in units of ${counted(command.unitPages, "frame")}`;
    case "group-unregister":
      return groupName(command.id);
    case "device-map":
      return `${deviceName(command.id)} ${rangeWords(command)} node ${command.node}${command.reserve === undefined ? "" : ` reserve ${command.reserve}`}${command.free === undefined ? "" : ` free ${command.free}`}${command.vmemmapShift === undefined ? "" : ` in compound pages of order ${command.vmemmapShift}`}`;
    case "device-unmap":
      return deviceName(command.id);
    case "huge-grow":
      return `${allocName(command.id)} order ${command.order} node ${command.node}`;
    case "huge-shrink":
      return allocName(command.id);
    case "huge-reserve":
      return `${counted(command.count, "page")} of order ${command.order}`;
    case "huge-use":
      return `${allocName(command.id)}${command.reserved ? " as promised" : ""}`;
    case "kmem-probe":
      return `dax device ${command.device} as ${groupName(command.group)}`;
    case "kmem-remove":
      return `dax device ${command.device}`;
    case "vmem-request":
      return counted(command.nrPages, "frame");
    case "set":
      return settingWords(command.setting);
    case "veto":
      return `the next ${command.event} with ${command.errno}`;
    case "fail-next":
      return command.skip === 0 ? `the next ${command.what}` : `${command.what}, ${command.skip} later`;
    case "start":
      return `${taskName(command.task)}: ${commandLine(command.command)}`;
    case "step":
    case "signal":
      return taskName(command.task);
    default:
      return unreachable(command);
  }
}

function rangeWords({ start, nrPages }: { readonly start: number; readonly nrPages: number }): string {
  return framesName(start, nrPages);
}

function nodeWords({ node, thisNode }: { readonly node: number; readonly thisNode: boolean }): string {
  return `node ${node}${thisNode ? " only" : ""}`;
}

function pcpWords({ pcp }: { readonly pcp: boolean }): string {
  return pcp ? " to the per-CPU list" : "";
}

function settingWords({ option, value }: Setting): string {
  return `${option} = ${String(value)}`;
}

function unreachable(command: never): never {
  throw new Error(`no words for the command ${JSON.stringify(command)}`);
}
