import { expect, it } from 'vitest'
import { strayOf } from './boundaries.ts'
import { workerRules } from './rules.ts'

const stray = (path: string, exports: readonly string[] | null = ['x']) =>
  strayOf([{ id: `/app/${path}`, exports }], '/app', workerRules)

it.each([
  'src/training/HospitalTrainer.ts',
  'src/aggregation/average.ts',
  'src/data/csv.ts',
  'src/crypto/envelope.ts',
  'node_modules/papaparse/papaparse.min.js',
  'node_modules/@tensorflow/tfjs-core/dist/index.js',
  'node_modules/@hpke/core/esm/src/native.js',
])('%s has no place in the window', path => {
  expect(stray(path)).toBe(`/app/${path}`)
})

it('the window may talk to the worker, and know what a study’s columns are', () => {
  expect(stray('src/training/client.ts', ['createTrainingClient'])).toBeUndefined()
  expect(stray('src/data/heart.ts', ['heartSchema'])).toBeUndefined()
  expect(stray('src/crypto/keys.ts')).toBeUndefined()
})

it('what reads files is found in a file that also describes columns', () => {
  expect(stray('src/data/heart.ts', ['heartSchema', 'heartDataset'])).toBeDefined()
  expect(stray('src/data/heart.ts', [])).toBeDefined()
})

it('a module of which nothing is left is no harm', () => {
  expect(stray('src/data/csv.ts', null)).toBeUndefined()
})
