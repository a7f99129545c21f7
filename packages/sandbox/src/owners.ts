/** Owns a machine while a call runs. */
export const running = Object.freeze({ what: "running call" });

/** Owns a machine after `close`. */
export const closed = Object.freeze({ what: "closed" });
