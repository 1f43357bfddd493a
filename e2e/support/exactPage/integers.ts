import fc from 'fast-check'
import { longArithmetic } from '../../../src/audit/engine/webgpu/long.ts'

/** Numbers that each function is tried with. */
interface Operands {
  readonly factor: number
  /** Below 2^62, which rounding asks for. */
  readonly a: bigint
  readonly b: bigint
}

const edges = [
  0n,
  1n,
  2n ** 15n,
  2n ** 16n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 39n,
  2n ** 48n,
  2n ** 62n - 1n,
]
const operands: fc.Arbitrary<Operands> = fc.record({
  factor: fc.oneof(
    fc.constantFrom(0, 1, -1, 2 ** 15, -(2 ** 16), 2 ** 31 - 1, -(2 ** 31)),
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  ),
  a: long(62),
  b: long(63),
})

const shader = /* wgsl */ `
${longArithmetic}
struct Operands { a: Long, b: Long, factor: i32 }
struct Results { times: Long, plus: Long, minus: Long, by32: i32, by40: i32 }
@group(0) @binding(0) var<storage, read> given: array<Operands>;
@group(0) @binding(1) var<storage, read_write> results: array<Results>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= arrayLength(&given)) { return; }
  let it = given[id.x];
  let product = times(it.factor, it.a);
  results[id.x] = Results(product, plus(it.a, it.b), minus(it.a, it.b), roundedBy32(it.a), roundedBy40(it.a));
}
`

/** Tries the shader's 64-bit functions with random numbers and edges. @returns what is not as BigInt has it */
export async function wrongIntegers(device: GPUDevice, count: number, seed: number): Promise<string[]> {
  const samples = fc.sample(operands, { numRuns: count, seed })
  const computed = await compute(device, samples)
  return samples.flatMap((given, i) => {
    const expected = resultsOf(given).join()
    const found = computed[i]!.join()
    return found === expected ? [] : [`${given.factor}, ${given.a}, ${given.b}: ${found} instead of ${expected}`]
  })
}

async function compute(device: GPUDevice, samples: readonly Operands[]): Promise<bigint[][]> {
  const given = BigInt64Array.from(samples.flatMap(({ a, b, factor }) => [a, b, BigInt(factor)]))
  const pipeline = await device.createComputePipelineAsync({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code: shader }) },
  })
  const size = 32 * samples.length
  const source = device.createBuffer({
    size: given.byteLength,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
  })
  const target = device.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC })
  const read = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST })
  device.queue.writeBuffer(source, 0, given)
  const encoder = device.createCommandEncoder()
  const pass = encoder.beginComputePass()
  pass.setPipeline(pipeline)
  pass.setBindGroup(
    0,
    device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [source, target].map((buffer, binding) => ({ binding, resource: { buffer } })),
    }),
  )
  pass.dispatchWorkgroups(Math.ceil(samples.length / 64))
  pass.end()
  encoder.copyBufferToBuffer(target, 0, read, 0, size)
  device.queue.submit([encoder.finish()])
  await read.mapAsync(GPUMapMode.READ)
  const longs = new BigInt64Array(read.getMappedRange())
  return samples.map((_, i) => {
    const rounded = longs[4 * i + 3]!
    return [...longs.subarray(4 * i, 4 * i + 3), BigInt.asIntN(32, rounded), rounded >> 32n]
  })
}

function resultsOf({ factor, a, b }: Operands): bigint[] {
  return [
    ...[BigInt(factor) * a, a + b, a - b].map(value => BigInt.asIntN(64, value)),
    (a + 2n ** 31n) >> 32n,
    (a + 2n ** 39n) >> 40n,
  ]
}

function long(bits: number): fc.Arbitrary<bigint> {
  const limit = 2n ** BigInt(bits)
  return fc.oneof(
    fc.constantFrom(...edges.flatMap(edge => [edge, -edge])),
    fc.bigInt({ min: -limit, max: limit - 1n }),
    // Close to where roundings go one way or the other.
    fc.bigInt({ min: -(2n ** 20n), max: 2n ** 20n }).map(value => (value << 31n) - 1n),
  )
}
