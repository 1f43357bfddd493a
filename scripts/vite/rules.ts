import type { WorkerOnly } from './boundaries.ts'

/** Training, parsing, aggregation, encryption and proving: the window must not hold any of it. */
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
  sources: [
    'src/training/',
    'src/aggregation/',
    'src/data/',
    'src/crypto/envelope.ts',
    'src/audit/stark/prove.ts',
    'src/audit/stark/commitment.ts',
    'src/audit/engine/ExactTrainer.ts',
    'src/audit/training/roundTrace.ts',
    'src/audit/training/roundTraining.ts',
  ],
  except: {
    'src/training/client.ts': null,
    'src/training/remote.ts': null,
    // What a study's columns are; reading files into them is the worker's.
    'src/data/encode.ts': ['encodedWidth'],
    'src/data/heart.ts': ['heartCenters', 'heartName', 'heartNames', 'heartSchema', 'heartShares'],
    'src/data/digits.ts': ['digitsSchema'],
    'src/data/mapping.ts': ['isNamedLike'],
    // What a masked round may open, which the runner counts, and the rules that a sponsor sets; the sums are the worker's.
    'src/aggregation/masking/openings.ts': null,
    'src/aggregation/masking/freeze.ts': ['leastHospitals', 'sameSet', 'sumsHide'],
    'src/aggregation/masking/round.ts': ['openableSeeds', 'seededSeats', 'thresholdOf'],
    'src/aggregation/masking/encoding.ts': ['checkBound', 'maxElement', 'stepsPerUnit'],
    'src/aggregation/weights.ts': ['maxWeight', 'mostHospitals'],
    // How long uploads will be.
    'src/aggregation/compression/adaptiveK.ts': ['compressionPays'],
    'src/aggregation/compression/bytes.ts': null,
    // What is said of a round, which auditors check.
    'src/audit/training/roundTraining.ts': ['checkPlan'],
  },
}

/** Bytes, gzipped: JavaScript and CSS before a page can be used; fonts, training, storage, editors and settings come later. */
const limit = 350 * 1024
export const firstLoadLimits: Readonly<Record<string, number>> = {
  HomePage: limit,
  HospitalPage: limit,
  SponsorPage: limit,
  IssuersPage: limit,
  KioskPage: limit,
  AuditsPage: limit,
}
