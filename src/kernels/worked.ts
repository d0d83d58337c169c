// How long loops are cancelled: between tiles they say how much they have done, and the caller may throw there, out of the call and through
// it. No kernel holds anything but the caller's memory, which whoever throws gives up.
/** multiplyAdds: about how many since the last call; 2^24 of them at most for matrices of order 4096, so that a cancel is seen in milliseconds. */
@external("env", "worked")
export declare function worked(multiplyAdds: f64): void;
