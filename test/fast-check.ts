/** The same scenarios in every run of the tests: what searches with other seeds is `npm run soak`. */
import { configureGlobal, readConfigureGlobal } from "fast-check";

configureGlobal({ ...readConfigureGlobal(), seed: 1 });
