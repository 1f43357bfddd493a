#!/usr/bin/env node
// forge asks for a native compiler; npm ships solc as WebAssembly. This answers like the one and calls the other.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

if (process.argv.includes('--version')) {
  const { version } = require('solc/package.json')
  process.stdout.write(
    `solc, the solidity compiler commandline interface\nVersion: ${version}+commit.73712a01.Linux.g++\n`,
  )
} else {
  const solc = require('solc')
  process.stdout.write(solc.compile(readFileSync(0, 'utf8')))
}
