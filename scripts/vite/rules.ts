import type { WorkerOnly } from './boundaries.ts'

/** Training, parsing, aggregation and encryption: the window must not hold any of it. */
export const workerRules: WorkerOnly = {
  packages: [
    '@tensorflow/tfjs-core',
    '@tensorflow/tfjs-backend-cpu',
    '@tensorflow/tfjs-backend-wasm',
    '@tensorflow/tfjs-backend-webgl',
    '@tensorflow/tfjs-backend-webgpu',
    '@hpke/core',
    '@hpke/common',
    'papaparse',
  ],
  sources: ['src/training/', 'src/aggregation/', 'src/data/', 'src/crypto/envelope.ts'],
  except: {
    'src/training/client.ts': null,
    'src/training/remote.ts': null,
    // What a study's columns are; reading files into them is the worker's.
    'src/data/encode.ts': ['encodedWidth'],
    'src/data/heart.ts': ['heartCenters', 'heartName', 'heartNames', 'heartSchema', 'heartShares'],
    'src/data/digits.ts': ['digitsSchema'],
    'src/data/mapping.ts': ['isNamedLike'],
  },
}

/** Bytes, gzipped: JavaScript and CSS before a page can be used; fonts, training and storage come later. */
export const firstLoadLimits: Readonly<Record<string, number>> = {
  // The way in of clinicians, often on a slow line.
  HomePage: 350 * 1024,
  HospitalPage: 350 * 1024,
  // Opened by few, on their own desks: they bring the studies' descriptions and their checks.
  SponsorPage: 400 * 1024,
  IssuersPage: 400 * 1024,
  KioskPage: 420 * 1024,
}
