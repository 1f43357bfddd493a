// Compiles the field's kernels from AssemblyScript to WebAssembly and writes them as base64 in modules: so they load
// alike in Node, in the browser's workers and under a CSP, without a fetch.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const sources = join(root, 'src/field/assembly')
const targets = join(root, 'src/field/generated')
const compiler = createRequire(import.meta.url).resolve('assemblyscript/bin/asc.js')
const transform = join(root, 'scripts/inlineArithmetic.mjs')

/** What is written → the source that it is compiled from, and the constant that it exports. */
const modules = {
  'kernels.ts': { entry: 'kernels.ts', constant: 'kernelsWasm' },
  'stark.ts': { entry: 'stark/stark.ts', constant: 'starkWasm' },
  'exact.ts': { entry: 'exact/exact.ts', constant: 'exactWasm' },
}

/**
 * Compiles src/field/assembly and writes the modules of src/field/generated.
 * @returns {boolean} false when everything was up to date
 * @throws Error with the compiler's output when the kernels do not compile
 */
export function compileField() {
  const fingerprint = fingerprintOfSources()
  mkdirSync(targets, { recursive: true })
  const compiled = Object.entries(modules).map(([name, { entry, constant }]) =>
    compileModule(join(targets, name), join(sources, entry), constant, fingerprint),
  )
  return compiled.includes(true)
}

function compileModule(target, entry, constant, fingerprint) {
  if (existsSync(target) && readFileSync(target, 'utf8').slice(0, 500).includes(fingerprint)) return false
  const draft = `${target}.${process.pid}`
  const options = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--transform', transform]
  try {
    const build = spawnSync(process.execPath, [compiler, entry, ...options, '--outFile', draft], {
      cwd: root,
      encoding: 'utf8',
    })
    if (build.status !== 0)
      throw new Error(`asc failed:\n${build.stdout ?? ''}${build.stderr ?? build.error?.message ?? ''}`)
    const lines = [
      '// Written by scripts/field.mjs from src/field/assembly; do not edit.',
      `// ${fingerprint}`,
      `export const ${constant} =\n  '${readFileSync(draft, 'base64')}'`,
    ]
    // A reader must never see half a file: dev servers and tests watch it.
    writeFileSync(draft, `${lines.join('\n\n')}\n`)
    renameSync(draft, target)
  } finally {
    rmSync(draft, { force: true })
  }
  return true
}

function fingerprintOfSources() {
  const hash = createHash('sha256')
  const manifest = createRequire(import.meta.url).resolve('assemblyscript/package.json')
  const files = readdirSync(sources, { recursive: true })
    .filter(name => name.endsWith('.ts'))
    .sort()
  for (const file of [...files.map(name => join(sources, name)), manifest, transform, fileURLToPath(import.meta.url)])
    hash.update(readFileSync(file)).update('\0')
  return `sources ${hash.digest('hex')}`
}
