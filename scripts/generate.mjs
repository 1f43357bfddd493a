#!/usr/bin/env node
// Compiles the contracts and writes their ABIs as TypeScript constants, so that a call that does not fit a contract
// does not compile. Does nothing when neither the sources nor the compiler's settings changed.
// Run as a program it also compiles the field's kernels, see field.mjs.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { compileField } from './field.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const sources = join(root, 'contracts/src')
const artifacts = join(root, 'contracts/out')
const target = join(root, 'src/chain/generated/abi.ts')

/** Contract → exported constant. */
const contracts = {
  Credits: 'creditsAbi',
  HospitalRegistry: 'hospitalRegistryAbi',
  Study: 'studyAbi',
  StudyFactory: 'studyFactoryAbi',
  GasPot: 'gasPotAbi',
  Reputation: 'reputationAbi',
  ModelRegistry: 'modelRegistryAbi',
  StarkVerifier: 'starkVerifierAbi',
}

/**
 * Builds the contracts and writes src/chain/generated/abi.ts.
 * @returns {boolean} false when everything was up to date
 * @throws Error with forge's output when the contracts do not compile
 */
export function generate() {
  const fingerprint = fingerprintOfSources()
  if (isUpToDate(fingerprint)) return false
  const build = spawnSync(process.execPath, [forge(), 'build', 'contracts/src'], { cwd: root, encoding: 'utf8' })
  if (build.status !== 0)
    throw new Error(`forge build failed:\n${build.stdout ?? ''}${build.stderr ?? build.error?.message ?? ''}`)
  const lines = ['// Written by scripts/generate.mjs from the contracts; do not edit.', `// ${fingerprint}`]
  for (const [contract, constant] of Object.entries(contracts)) {
    const { abi } = JSON.parse(readFileSync(artifactPath(contract), 'utf8'))
    lines.push(`export const ${constant} = ${JSON.stringify(abi, null, 2)} as const`)
  }
  mkdirSync(dirname(target), { recursive: true })
  // A reader must never see half a file: dev servers and tests watch it.
  const draft = `${target}.${process.pid}`
  writeFileSync(draft, `${lines.join('\n\n')}\n`)
  renameSync(draft, target)
  return true
}

function isUpToDate(fingerprint) {
  if (!existsSync(target) || !Object.keys(contracts).every(contract => existsSync(artifactPath(contract)))) return false
  return readFileSync(target, 'utf8').slice(0, 500).includes(fingerprint)
}

function fingerprintOfSources() {
  const hash = createHash('sha256')
  const files = [
    ...readdirSync(sources, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile() && entry.name.endsWith('.sol'))
      .map(entry => join(entry.parentPath, entry.name)),
    join(root, 'foundry.toml'),
    fileURLToPath(import.meta.url),
  ].sort()
  for (const file of files)
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0')
  return `sources ${hash.digest('hex')}`
}

function artifactPath(contract) {
  return join(artifacts, `${contract}.sol`, `${contract}.json`)
}

function forge() {
  const manifest = createRequire(import.meta.url).resolve('@foundry-rs/forge/package.json')
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8'))
  return join(dirname(manifest), typeof bin === 'string' ? bin : bin.forge)
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.stdout.write(generate() ? 'Contracts compiled, ABIs written.\n' : 'Contracts and ABIs are up to date.\n')
  process.stdout.write(compileField() ? 'Field kernels compiled.\n' : 'Field kernels are up to date.\n')
}
