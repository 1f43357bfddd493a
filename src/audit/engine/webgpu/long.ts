/**
 * 64-bit integers for WGSL, which has 32 bits: two's complement in two words, as a BigInt64Array lays them out. Sums,
 * differences and products wrap around as those of BigInt.asIntN(64) do.
 */
export const longArithmetic = /* wgsl */ `
// The low word in x, the high one in y.
alias Long = vec2u;

fn widened(value: i32) -> Long {
  return Long(u32(value), u32(value >> 31u));
}

fn plus(a: Long, b: Long) -> Long {
  let low = a.x + b.x;
  return Long(low, a.y + b.y + u32(low < a.x));
}

fn minus(a: Long, b: Long) -> Long {
  return Long(a.x - b.x, a.y - b.y - u32(a.x < b.x));
}

fn times(factor: i32, value: Long) -> Long {
  let low = u32(factor);
  let product = unsignedProduct(low, value.x);
  // The high word of a negative factor is -1.
  return Long(product.x, product.y + low * value.y - select(0u, value.x, factor < 0));
}

// Both words, from products of halves; neither sum on the way can exceed a word.
fn unsignedProduct(a: u32, b: u32) -> Long {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let middle = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let other = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
  return Long((other << 16u) | (low & 0xffffu), (a >> 16u) * (b >> 16u) + (middle >> 16u) + (other >> 16u));
}

// Divided by 2^32 and rounded, halves up; for values below 2^62.
fn roundedBy32(value: Long) -> i32 {
  return i32(value.y + (value.x >> 31u));
}

// The same by 2^40: a half is 2^39, the high word's 2^7.
fn roundedBy40(value: Long) -> i32 {
  return i32(value.y + 0x80u) >> 8u;
}
`
