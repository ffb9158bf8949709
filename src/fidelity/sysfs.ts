/**
 * Files of sysfs and procfs that the steps read and write: what the words in them mean to the kernel.
 *
 * drivers/base/memory.c, drivers/base/core.c, kernel/params.c, mm/memory_hotplug.c, v6.12.
 */
import { stateWords, toBlockId, toPfn } from "../../models/index.ts";
import type { AutoOnline, Setting, StateWord } from "../../models/index.ts";
import { act, blockOfFrame, compareErrno, drained, execute, withKernelPages, zoneOfFrame } from "./act.ts";
import { dissolve, poolFile, readPool, writePool } from "./hugetlb.ts";
import { answer, fileValue } from "./observed.ts";
import type { Answer } from "./observed.ts";
import type { StepOf } from "./steps.ts";
import { agrees, all, compare, differs, missing } from "./verdict.ts";
import type { StepVerdict } from "./verdict.ts";
import type { World } from "./world.ts";

const memoryDirectory = "/sys/devices/system/memory/";
const parameters = "/sys/module/memory_hotplug/parameters/";
const softOffline = "/proc/sys/vm/enable_soft_offline";
const transparent = "/sys/kernel/mm/transparent_hugepage/enabled";

export function write(world: World, { file, value, interrupted, shell }: StepOf<"write">, observed: unknown): StepVerdict {
  const result = answer(observed);
  if (result === undefined) return missing("what came back from a write", true);
  const name = file.startsWith(memoryDirectory) ? file.slice(memoryDirectory.length) : file;
  const block = /^memory(\d+)\/(state|online)$/u.exec(name);
  if (block !== null) return block[2] === "state" ? writeState(world, Number(block[1]), value, result, interrupted) : writeOnline(world, Number(block[1]), value, result, shell);
  if (name === "soft_offline_page" || name === "hard_offline_page") return writePageOffline(world, name, value, result);
  if (poolFile(file) !== undefined) return writePool(world, file, value, result);
  if (file === transparent) return missing("transparent huge pages by setting", false);
  if (file === softOffline) {
    if (value !== "0" && value !== "1") return compare("errno", "EINVAL", result.errno);
    world.settings.set(file, value);
    return compare("errno", "0", result.errno);
  }
  const setting = settingOf(file, name, value);
  if (setting === undefined) return missing(`the file ${file}`, true);
  if ("errno" in setting) return compare("errno", setting.errno, result.errno);
  // A number is shown in decimal, a truth as Y or N, whatever was written.
  world.settings.set(file, typeof setting.value === "boolean" ? (setting.value ? "Y" : "N") : String(setting.value));
  return act(world, { op: "set", setting }, result);
}

/** Linux `state_store()`: a word that is none of the four is EINVAL; a write of nothing never gets there. */
function writeState(world: World, block: number, value: string, observed: Answer, interrupted: boolean): StepVerdict {
  const word = stateWords.find((known) => known === value);
  if (value === "") return compare("errno", "0", observed.errno);
  if (word === undefined) return compare("errno", "EINVAL", observed.errno);
  return changeState(world, block, word, observed, interrupted);
}

/** A block goes on or off line because of a word in its state file. */
function changeState(world: World, block: number, value: StateWord, observed: Answer, interrupted: boolean): StepVerdict {
  const first = firstFrame(world, block);
  const zone = zoneOfFrame(world, first);
  return withKernelPages(world, observed.log, () => {
    const pool = value === "offline" ? dissolve(world, toBlockId(block)) : undefined;
    const outcome = execute(world, { op: "write-state", block: toBlockId(block), value });
    if (zone !== undefined && value === "offline") world.undrained.delete(zone);
    if (pool === true && outcome.result !== "ok") return missing("pool pages in a block that stays online", true);
    return compareErrno(world, outcome, observed, { interrupted });
  });
}

function firstFrame(world: World, block: number): number {
  const { sectionPages, blockSections } = world.machine.geometry;
  return block * sectionPages * blockSections;
}

/** Linux `kstrtobool()`, lib/kstrtox.c, v6.12. */
function truth(text: string): boolean | undefined {
  if (/^(?:[1yYtT]|[oO][nN])/u.test(text)) return true;
  return /^(?:[0nNfF]|[oO][fF])/u.test(text) ? false : undefined;
}

/** Linux `online_store()`. Where a shell wrote, the record has its exit status: 0 or 1. */
function writeOnline(world: World, block: number, value: string, observed: Answer, shell: boolean): StepVerdict {
  const wanted = truth(value);
  if (shell && observed.errno !== "0") return differs("errno 0 of the shell", `errno ${observed.errno}`);
  return withKernelPages(world, observed.log, () => {
    if (wanted === undefined) return shell ? compare("exit status", "1", observed.out[0] ?? "nothing") : compare("errno", "EINVAL", observed.errno);
    const outcome = execute(world, { op: "write-online", block: toBlockId(block), value: wanted });
    if (!wanted) drained(world, firstFrame(world, block));
    if (!shell) return compareErrno(world, outcome, observed);
    return compare("exit status", outcome.result === "ok" ? "0" : "1", observed.out[0] ?? "nothing");
  });
}

/** Linux `soft_offline_page_store()` and `hard_offline_page_store()`: the address of the page. */
function writePageOffline(world: World, file: string, value: string, observed: Answer): StepVerdict {
  if (!/^(0x[0-9a-f]+|\d+)$/iu.test(value)) return compare("errno", "EINVAL", observed.errno);
  const pfn = toPfn(Math.floor(Number(value) / world.machine.geometry.pageBytes));
  if (file === "hard_offline_page") return act(world, { op: "poison", pfn }, observed);
  return softOfflineFrame(world, pfn, observed);
}

/** Linux `soft_offline_page()`; the switch in /proc/sys/vm is asked once the page is known to be online. */
export function softOfflineFrame(world: World, pfn: number, observed: Answer): StepVerdict {
  const online = world.see("blocks").some(({ block, state }) => block === blockOfFrame(world, pfn) && state === "online");
  if (online && world.settings.get(softOffline) === "0") return compare("errno", "EOPNOTSUPP", observed.errno);
  return act(world, { op: "soft-offline", pfn: toPfn(pfn) }, observed);
}

/** What a write to a setting does: the setting, or the errno where the word is none that it takes. Linux kernel/params.c. */
function settingOf(file: string, name: string, value: string): Setting | { readonly errno: string } | undefined {
  if (name === "auto_online_blocks") {
    const online = ["offline", "online", "online_kernel", "online_movable"].find((word) => word === value);
    // The list above is that of the type.
    return online === undefined ? { errno: "EINVAL" } : { option: "auto_online_blocks", value: online as AutoOnline };
  }
  if (!file.startsWith(parameters)) return undefined;
  switch (file.slice(parameters.length)) {
    case "online_policy":
      return value === "contig-zones" || value === "auto-movable" ? { option: "online_policy", value } : { errno: "EINVAL" };
    case "auto_movable_ratio":
      return unsignedSetting(value);
    case "auto_movable_numa_aware":
      return truth(value) === undefined ? { errno: "EINVAL" } : { option: "auto_movable_numa_aware", value: truth(value) === true };
    case "memmap_on_memory":
      // Mode 0444.
      return { errno: "EACCES" };
    default:
      return undefined;
  }
}

/** Linux `param_set_uint()`: decimal, octal behind a 0, hex behind 0x; 32 bits. */
function unsignedSetting(text: string): Setting | { readonly errno: string } {
  const radix = /^0x[0-9a-f]+$/iu.test(text) ? 16 : /^0[0-7]+$/u.test(text) ? 8 : /^(?:0|[1-9]\d*)$/u.test(text) ? 10 : undefined;
  if (radix === undefined) return { errno: "EINVAL" };
  const value = Number.parseInt(text, radix);
  return value >= 2 ** 32 ? { errno: "ERANGE" } : { option: "auto_movable_ratio", value };
}

export function read(world: World, file: string, observed: unknown): StepVerdict {
  const value = fileValue(observed);
  if (value === undefined) return missing("what was read", false);
  if (poolFile(file) !== undefined) return readPool(world, file, value);
  const predicted = contents(world, file);
  return predicted === undefined ? missing(`the file ${file}`, false) : compare(file.slice(file.lastIndexOf("/") + 1), predicted, value);
}

function contents(world: World, file: string): string | undefined {
  const { machine, settings } = world;
  const blockBytes = machine.geometry.sectionPages * machine.geometry.blockSections * machine.geometry.pageBytes;
  const block = /memory(\d+)\/(\w+)$/u.exec(file);
  if (block !== null) {
    const found = world.see("blocks").find((view) => view.block === Number(block[1]));
    if (found === undefined) return "no such file";
    if (block[2] === "state") return found.state;
    if (block[2] === "online") return found.state === "online" ? "1" : "0";
    if (block[2] === "valid_zones") return found.validZones?.join(" ");
    // Linux removable_show() says 1 wherever memory can be taken out at all.
    if (block[2] === "removable") return "1";
    if (block[2] === "phys_index") return Number(block[1]).toString(16).padStart(8, "0");
    return block[2] === "phys_device" ? "0" : undefined;
  }
  const known: Readonly<Record<string, string>> = {
    [`${memoryDirectory}block_size_bytes`]: blockBytes.toString(16),
    [`${memoryDirectory}auto_online_blocks`]: settings.get(`${memoryDirectory}auto_online_blocks`) ?? machine.autoOnline,
    [`${parameters}online_policy`]: settings.get(`${parameters}online_policy`) ?? machine.onlinePolicy,
    [`${parameters}auto_movable_ratio`]: settings.get(`${parameters}auto_movable_ratio`) ?? String(machine.autoMovableRatio),
    [`${parameters}auto_movable_numa_aware`]: settings.get(`${parameters}auto_movable_numa_aware`) ?? (machine.autoMovableNumaAware ? "Y" : "N"),
    [`${parameters}memmap_on_memory`]: { never: "N", yes: "Y", force: "force" }[machine.memmapOnMemory],
    [softOffline]: settings.get(softOffline) ?? "1",
  };
  return known[file];
}

/** Several blocks, one after the other, as kernel memory. */
export function onlineKernel(world: World, first: number, last: number, observed: unknown): StepVerdict {
  const result = answer(observed);
  if (result === undefined) return missing("what came back from the writes", true);
  const verdicts: StepVerdict[] = [];
  for (let block = first; block <= last; block++) verdicts.push(changeState(world, block, "online_kernel", result, false));
  return verdicts.length === 0 ? differs("blocks", "none") : all([agrees, ...verdicts]);
}
