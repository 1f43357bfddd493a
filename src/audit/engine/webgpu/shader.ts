import { ACTIVATION_LIMIT, GRADIENT_LIMIT, ONE, WEIGHT_LIMIT } from '../shape.ts'
import { longArithmetic } from './long.ts'

/** Invocations of a workgroup; each computes one number. */
export const WORKGROUP = 64
/** What `left` holds as long as nothing has left its range. */
export const NOTHING_LEFT = 0xffff_ffff
/** What left its range, in the lowest two bits of `left`. */
export const ranges = { 1: 'activation', 2: 'gradient', 3: 'weight' } as const
/** What each binding holds, in their order. */
export const bindings = [
  'shape',
  'sigmoid',
  'batch',
  'weights',
  'activations',
  'errors',
  'hiddenErrors',
  'left',
] as const
export type Binding = (typeof bindings)[number]

/**
 * A step of training: activate, compare, back, moveFirst and moveLast one after the other; compare and moveLast where
 * there is one layer. What has left its range goes on as it is, until somebody looks at `left`.
 */
export const shader = /* wgsl */ `
${longArithmetic}
struct Shape { inputs: u32, hidden: u32, outputs: u32, rows: u32, shift: u32 }

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> sigmoid: array<i32>;
// Inputs, targets, whether rows are present, and the step's number.
@group(0) @binding(2) var<storage, read> batch: array<i32>;
@group(0) @binding(3) var<storage, read_write> weights: array<Long>;
@group(0) @binding(4) var<storage, read_write> activations: array<i32>;
@group(0) @binding(5) var<storage, read_write> errors: array<i32>;
@group(0) @binding(6) var<storage, read_write> hiddenErrors: array<i32>;
// Four times the first step in which a number left its range, and which.
@group(0) @binding(7) var<storage, read_write> left: atomic<u32>;

@compute @workgroup_size(${WORKGROUP})
fn activate(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= shape.rows * shape.hidden) { return; }
  let row = id.x / shape.hidden;
  let unit = id.x % shape.hidden;
  var sum = Long();
  for (var i = 0u; i < shape.inputs; i++) {
    sum = plus(sum, times(inputOf(row, i), weights[i * shape.hidden + unit]));
  }
  let activation = roundedBy32(sum);
  if (activation < -${ACTIVATION_LIMIT} || activation >= ${ACTIVATION_LIMIT}) { leave(1u); }
  activations[id.x] = activation;
}

@compute @workgroup_size(${WORKGROUP})
fn compare(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= shape.rows * shape.outputs) { return; }
  let row = id.x / shape.outputs;
  let output = id.x % shape.outputs;
  var sum = Long();
  for (var k = 0u; k < featureWidth(); k++) {
    sum = plus(sum, times(featureOf(row, k), weights[lastLayer() + k * shape.outputs + output]));
  }
  let targets = shape.rows * shape.inputs;
  let present = targets + shape.rows * shape.outputs;
  let error = sigmoid[clamp(roundedBy40(sum), -128, 127) + 128] - batch[targets + id.x];
  errors[id.x] = select(0, error, batch[present + row] != 0);
}

@compute @workgroup_size(${WORKGROUP})
fn back(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= shape.rows * shape.hidden) { return; }
  let row = id.x / shape.hidden;
  let unit = id.x % shape.hidden;
  var sum = Long();
  for (var c = 0u; c < shape.outputs; c++) {
    sum = plus(sum, times(errors[row * shape.outputs + c], weights[lastLayer() + unit * shape.outputs + c]));
  }
  let gradient = roundedBy32(sum);
  if (gradient < -${GRADIENT_LIMIT} || gradient >= ${GRADIENT_LIMIT}) { leave(2u); }
  hiddenErrors[id.x] = select(gradient, 0, activations[id.x] < 0);
}

@compute @workgroup_size(${WORKGROUP})
fn moveFirst(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= lastLayer()) { return; }
  let i = id.x / shape.hidden;
  let unit = id.x % shape.hidden;
  var weight = weights[id.x];
  for (var row = 0u; row < shape.rows; row++) {
    weight = minus(weight, change(inputOf(row, i), hiddenErrors[row * shape.hidden + unit]));
  }
  setWeight(id.x, weight);
}

@compute @workgroup_size(${WORKGROUP})
fn moveLast(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= featureWidth() * shape.outputs) { return; }
  let k = id.x / shape.outputs;
  let output = id.x % shape.outputs;
  var weight = weights[lastLayer() + id.x];
  for (var row = 0u; row < shape.rows; row++) {
    weight = minus(weight, change(featureOf(row, k), errors[row * shape.outputs + output]));
  }
  setWeight(lastLayer() + id.x, weight);
}

// Where the last layer's weights begin.
fn lastLayer() -> u32 {
  return shape.inputs * shape.hidden;
}

fn featureWidth() -> u32 {
  return select(shape.hidden + 1u, shape.inputs, shape.hidden == 0u);
}

fn inputOf(row: u32, i: u32) -> i32 {
  return batch[row * shape.inputs + i];
}

// What the last layer reads.
fn featureOf(row: u32, k: u32) -> i32 {
  if (shape.hidden == 0u) { return inputOf(row, k); }
  if (k == shape.hidden) { return ${ONE}; }
  return max(activations[row * shape.hidden + k], 0);
}

// What a row moves a weight by.
fn change(feature: i32, error: i32) -> Long {
  return times(feature << shape.shift, widened(error));
}

fn setWeight(at: u32, weight: Long) {
  // A limit of 2^36 is one of the high word.
  let high = i32(weight.y);
  if (high < -${WEIGHT_LIMIT >> 32n} || high >= ${WEIGHT_LIMIT >> 32n}) { leave(3u); }
  weights[at] = weight;
}

fn leave(range: u32) {
  let step = u32(batch[shape.rows * (shape.inputs + shape.outputs + 1u)]);
  atomicMin(&left, 4u * step + range);
}
`
