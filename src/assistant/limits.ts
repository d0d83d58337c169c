/** What is not started without being asked for. */

/** About two minutes on two cores: the CPU backend does 2e10 of these a second there. */
export const MAX_UNASKED_FLOPS = 2.5e12;
