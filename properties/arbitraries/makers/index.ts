/** How each command is made, apart from recipes. */
import type { Op } from "../../../models/index.ts";
import type { Makers } from "../walk.ts";
import { hotplugMakers } from "./hotplug.ts";
import { hugeMakers } from "./huge.ts";
import { kmemMakers } from "./kmem.ts";
import { isolationMakers } from "./isolation.ts";
import { pageMakers } from "./pages.ts";
import { poisonMakers } from "./poison.ts";
import { surroundingsMakers } from "./surroundings.ts";
import { vmemMakers } from "./vmem.ts";

export const makers: Makers<Op> = { ...pageMakers, ...poisonMakers, ...isolationMakers, ...hotplugMakers, ...hugeMakers, ...kmemMakers, ...vmemMakers, ...surroundingsMakers };
