/** Rules over views, and how scenarios are made. */
export {};
