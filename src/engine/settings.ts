/** sysfs files and module parameters that change how hotplug decides: drivers/base/memory.c, mm/memory_hotplug.c, v6.12. */
import type { AutoOnline, MachineDescription, OnlinePolicy, Setting } from "../../models/index.ts";

export class Settings {
  autoOnline: AutoOnline;
  onlinePolicy: OnlinePolicy;
  autoMovableRatio: number;
  autoMovableNumaAware: boolean;

  constructor(description: MachineDescription) {
    this.autoOnline = description.autoOnline;
    this.onlinePolicy = description.onlinePolicy;
    this.autoMovableRatio = description.autoMovableRatio;
    this.autoMovableNumaAware = description.autoMovableNumaAware;
  }

  set(setting: Setting): void {
    switch (setting.option) {
      case "auto_online_blocks":
        this.autoOnline = setting.value;
        break;
      case "online_policy":
        this.onlinePolicy = setting.value;
        break;
      case "auto_movable_ratio":
        this.autoMovableRatio = setting.value;
        break;
      case "auto_movable_numa_aware":
        this.autoMovableNumaAware = setting.value;
        break;
    }
  }
}
