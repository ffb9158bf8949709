/** The checker as a library. */
export {};
