/** The same scenarios in every run of the tests: what searches with other seeds is `npm run soak`. */
import fc from "fast-check";

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: 1 });
