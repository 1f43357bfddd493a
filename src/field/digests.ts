/** Bytes of a leaf's or a node's digest in a Merkle tree: the beginning of a keccak256. 192 bits, so 96 against collisions. */
export const DIGEST_BYTES = 24
/** Bytes of salt in a leaf. */
export const SALT_BYTES = 16
