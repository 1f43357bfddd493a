import { type Binding, bindings, shader } from './shader.ts'

/** The shader's kernels, compiled for a device. */
export interface GpuKernels {
  /** Of the bindings; the batch's has a dynamic offset. */
  readonly layout: GPUBindGroupLayout
  readonly activate: GPUComputePipeline
  readonly compare: GPUComputePipeline
  readonly back: GPUComputePipeline
  readonly moveFirst: GPUComputePipeline
  readonly moveLast: GPUComputePipeline
}

const compiled = new WeakMap<GPUDevice, Promise<GpuKernels>>()

/**
 * Compiles the shader, once a device.
 * @throws GPUPipelineError where the device does not take it
 */
export function kernelsOf(device: GPUDevice): Promise<GpuKernels> {
  let kernels = compiled.get(device)
  if (kernels === undefined) {
    kernels = compile(device)
    compiled.set(device, kernels)
  }
  return kernels
}

async function compile(device: GPUDevice): Promise<GpuKernels> {
  const layout = device.createBindGroupLayout({
    entries: bindings.map((name, binding) => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type: typeOf(name), hasDynamicOffset: name === 'batch' },
    })),
  })
  const pipelineLayout = device.createPipelineLayout({ bindGroupLayouts: [layout] })
  const module = device.createShaderModule({ code: shader })
  const kernel = (entryPoint: string) =>
    device.createComputePipelineAsync({ layout: pipelineLayout, compute: { module, entryPoint } })
  const [activate, compare, back, moveFirst, moveLast] = await Promise.all([
    kernel('activate'),
    kernel('compare'),
    kernel('back'),
    kernel('moveFirst'),
    kernel('moveLast'),
  ])
  return { layout, activate, compare, back, moveFirst, moveLast }
}

function typeOf(name: Binding): GPUBufferBindingType {
  if (name === 'shape') return 'uniform'
  return name === 'sigmoid' || name === 'batch' ? 'read-only-storage' : 'storage'
}
