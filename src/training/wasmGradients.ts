import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm'
import {
  backend_util,
  getKernel,
  type KernelConfig,
  type KernelFunc,
  type NamedAttrMap,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
  util,
} from '@tensorflow/tfjs-core'

type Pad = 'same' | 'valid' | number | backend_util.ExplicitPadding
type Strides = number | [number, number]

/**
 * Gives tfjs's wasm backend what training a convolutional network needs and version 4.22 lacks: the gradient of a
 * convolution's filter. Replaces three kernels whose plain loops cost most of a step or whose result differs (milliseconds
 * as shipped and here, batch 32, one core):
 * - the gradient of a convolution's input: 14 and 1.5 (14x14x8, 5x5x16), a forward convolution
 * - products with a transposed matrix: 3.0 and 0.3 (784x32 by 32x128), transposed first
 * - the gradient of max pooling: 3.8 and 1.4 (28x28x8); the shipped one takes the last of equal maxima where the cpu
 *   backend takes the first, and for a window without a positive number writes to the tensor's first element
 *
 * Call it after the backend's module is imported; calling it again does nothing.
 */
export function registerWasmGradients(): void {
  if (getKernel('Conv2DBackpropFilter', 'wasm')) return
  registerKernel({
    kernelName: 'Conv2DBackpropFilter',
    backendName: 'wasm',
    kernelFunc: conv2dBackpropFilter as unknown as KernelFunc,
  })
  replace('Conv2DBackpropInput', conv2dBackpropInput)
  replace('MaxPoolGrad', maxPoolGrad)
  replace('BatchMatMul', batchMatMul)
}

interface Call<Inputs extends string, A> {
  readonly inputs: Readonly<Record<Inputs, TensorInfo>>
  readonly backend: BackendWasm
  readonly attrs: A
}

/**
 * The gradient of max pooling over its input. Of equal maxima the first in reading order takes it all, as the cpu backend
 * decides. One pass over the wasm heap: composed of tensor operations, ties alone would cost a dozen passes.
 */
function maxPoolGrad({
  inputs: { dy, input: x },
  backend,
  attrs: { filterSize, strides, pad, dimRoundingMode },
}: Call<
  'dy' | 'input' | 'output',
  { filterSize: Strides; strides: Strides; pad: Pad; dimRoundingMode?: 'floor' | 'round' | 'ceil' }
>): TensorInfo {
  const info = backend_util.computePool2DInfo(
    x.shape as [number, number, number, number],
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  )
  const dx = backend.makeOutput(x.shape, 'float32')
  // Views after the allocation: growing the heap detaches older ones.
  const xs = backend.typedArrayFromHeap(x) as Float32Array
  const dys = backend.typedArrayFromHeap(dy) as Float32Array
  const dxs = backend.typedArrayFromHeap(dx) as Float32Array
  dxs.fill(0)

  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, strideHeight, strideWidth } = info
  const rowStride = inWidth * inChannels
  let out = 0
  for (let b = 0; b < batchSize; b++) {
    const image = b * inHeight * rowStride
    for (let row = 0; row < outHeight; row++) {
      const top = row * strideHeight - info.padInfo.top
      const rowFrom = Math.max(0, top)
      const rowTo = Math.min(inHeight, top + info.filterHeight)
      for (let column = 0; column < outWidth; column++) {
        const left = column * strideWidth - info.padInfo.left
        const columnFrom = Math.max(0, left)
        const columnTo = Math.min(inWidth, left + info.filterWidth)
        for (let channel = 0; channel < inChannels; channel++) {
          let largest = Number.NEGATIVE_INFINITY
          let at = -1
          for (let r = rowFrom; r < rowTo; r++) {
            const line = image + r * rowStride + channel
            for (let c = columnFrom; c < columnTo; c++) {
              const value = xs[line + c * inChannels]!
              if (value > largest) {
                largest = value
                at = line + c * inChannels
              }
            }
          }
          if (at >= 0) dxs[at] = dxs[at]! + dys[out]!
          out++
        }
      }
    }
  }
  return dx
}

/**
 * The gradient of a convolution over its filter, as a forward convolution: every channel of x becomes an image, every
 * example one of its channels, and dy the filter, dilated by the stride.
 */
function conv2dBackpropFilter({
  inputs: { x, dy },
  backend,
  attrs: { strides, pad, dataFormat, dimRoundingMode, filterShape },
}: Call<
  'x' | 'dy',
  {
    strides: Strides
    pad: Pad
    dataFormat: 'NHWC' | 'NCHW'
    dimRoundingMode?: 'floor' | 'round' | 'ceil'
    filterShape: [number, number, number, number]
  }
>): TensorInfo {
  channelsLast(dataFormat)
  const info = backend_util.computeConv2DInfo(
    x.shape as [number, number, number, number],
    filterShape,
    strides,
    1,
    pad,
    dimRoundingMode,
  )
  const { filterHeight, filterWidth, strideHeight, strideWidth, inHeight, inWidth, outHeight, outWidth } = info
  const { top, left } = info.padInfo
  // Just as many rows as make the result filterHeight high; a stride may leave the last rows of x unread.
  const bottom = filterHeight + (outHeight - 1) * strideHeight - inHeight - top
  const right = filterWidth + (outWidth - 1) * strideWidth - inWidth - left

  const images = transpose(backend, x, [3, 1, 2, 0])
  const filter = transpose(backend, dy, [1, 2, 0, 3])
  const gradient = run(
    backend,
    'Conv2D',
    { x: images, filter },
    {
      strides: 1,
      pad: [
        [0, 0],
        [top, Math.max(0, bottom)],
        [left, Math.max(0, right)],
        [0, 0],
      ],
      dataFormat: 'NHWC',
      dilations: [strideHeight, strideWidth],
      dimRoundingMode: undefined,
    },
  )
  const cropped =
    bottom < 0 || right < 0
      ? run(
          backend,
          'Slice',
          { x: gradient },
          {
            begin: [0, 0, 0, 0],
            size: [info.inChannels, filterHeight, filterWidth, info.outChannels],
          },
        )
      : gradient
  const result = transpose(backend, cropped, [1, 2, 0, 3])
  release(backend, images, filter, gradient, ...(cropped === gradient ? [] : [cropped]))
  return result
}

/** The gradient of a convolution over its input: a forward convolution of dy with the filter turned by half a turn. */
function conv2dBackpropInput(
  call: Call<
    'dy' | 'filter',
    {
      strides: Strides
      pad: Pad
      dataFormat: 'NHWC' | 'NCHW'
      dimRoundingMode?: 'floor' | 'round' | 'ceil'
      inputShape: [number, number, number, number]
    }
  >,
  shipped: KernelFunc,
): TensorInfo {
  const {
    inputs: { dy, filter },
    backend,
    attrs: { strides, pad, dataFormat, dimRoundingMode, inputShape },
  } = call
  channelsLast(dataFormat)
  const info = backend_util.computeConv2DInfo(
    inputShape,
    filter.shape as [number, number, number, number],
    strides,
    1,
    pad,
    dimRoundingMode,
  )
  const { filterHeight, filterWidth, inChannels, outChannels } = info
  const top = filterHeight - 1 - info.padInfo.top
  const left = filterWidth - 1 - info.padInfo.left
  if (info.strideHeight !== 1 || info.strideWidth !== 1 || top < 0 || left < 0) {
    return shipped(call as unknown as Parameters<KernelFunc>[0]) as TensorInfo
  }

  const turned = backend.makeOutput([filterHeight, filterWidth, outChannels, inChannels], 'float32')
  const from = backend.typedArrayFromHeap(filter) as Float32Array
  const to = backend.typedArrayFromHeap(turned) as Float32Array
  const places = filterHeight * filterWidth
  for (let place = 0; place < places; place++) {
    const source = (places - 1 - place) * inChannels * outChannels
    const target = place * inChannels * outChannels
    for (let c = 0; c < inChannels; c++) {
      for (let f = 0; f < outChannels; f++) to[target + f * inChannels + c] = from[source + c * outChannels + f]!
    }
  }
  const dx = run(
    backend,
    'Conv2D',
    { x: dy, filter: turned },
    {
      strides: 1,
      pad: [
        [0, 0],
        [top, info.inHeight - info.outHeight + info.padInfo.top],
        [left, info.inWidth - info.outWidth + info.padInfo.left],
        [0, 0],
      ],
      dataFormat: 'NHWC',
      dilations: 1,
      dimRoundingMode: undefined,
    },
  )
  release(backend, turned)
  return dx
}

/** The shipped product is fast for matrices as they lie and slow for transposed ones: transpose first. */
function batchMatMul(
  call: Call<'a' | 'b', { transposeA: boolean; transposeB: boolean }>,
  shipped: KernelFunc,
): TensorInfo {
  const { inputs, backend, attrs } = call
  const plain = (info: TensorInfo, transposed: boolean): TensorInfo => {
    if (!transposed) return info
    const rank = info.shape.length
    const axes = info.shape.map((_, axis) => axis)
    axes[rank - 1] = rank - 2
    axes[rank - 2] = rank - 1
    return transpose(backend, info, axes)
  }
  const a = plain(inputs.a, attrs.transposeA)
  const b = plain(inputs.b, attrs.transposeB)
  const product = shipped({
    inputs: { a, b },
    backend,
    attrs: { transposeA: false, transposeB: false },
  }) as TensorInfo
  if (a !== inputs.a) release(backend, a)
  if (b !== inputs.b) release(backend, b)
  return product
}

function replace<C>(kernelName: string, better: (call: C, shipped: KernelFunc) => TensorInfo): void {
  const shipped = getKernel(kernelName, 'wasm')
  unregisterKernel(kernelName, 'wasm')
  // The shipped setup stays: it is what binds the compiled function that is still called.
  const config: KernelConfig = {
    ...shipped,
    kernelFunc: call => better(call as unknown as C, shipped.kernelFunc),
  }
  registerKernel(config)
}

function transpose(backend: BackendWasm, x: TensorInfo, perm: readonly number[]): TensorInfo {
  return run(backend, 'Transpose', { x }, { perm: [...perm] })
}

function run(backend: BackendWasm, kernelName: string, inputs: Record<string, TensorInfo>, attrs: object): TensorInfo {
  return getKernel(kernelName, 'wasm').kernelFunc({ inputs, backend, attrs: attrs as NamedAttrMap }) as TensorInfo
}

function release(backend: BackendWasm, ...infos: readonly TensorInfo[]): void {
  for (const info of infos) backend.disposeData(info.dataId)
}

function channelsLast(dataFormat: string): void {
  util.assert(dataFormat === 'NHWC', () => `The wasm backend convolves NHWC only, not ${dataFormat}.`)
}
