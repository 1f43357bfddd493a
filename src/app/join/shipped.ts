import { digitsSchema } from '../../data/digits.ts'
import { heartName, heartSchema, heartShares } from '../../data/heart.ts'
import type { Manifest } from '../../study/manifest.ts'
import type { ShippedData } from '../../training/workerApi.ts'
import type { ShippedChoice } from '../desks/joinView.ts'
import type { ListedStudy } from '../site.ts'

/** Hearts centers; with more hospitals the demo's site says how many. */
const HEART_HOSPITALS = 4
const MOST_HOSPITALS = 16

/**
 * The hospitals whose patients this page ships for a study: by the site's file, else where the manifest asks for the same
 * columns or images as the shipped ones. Empty where everybody brings own files.
 *
 * @param maxHospitals into how many parts shipped images are split where the site does not say
 */
export function shippedHospitals(
  { data, hospitals }: ListedStudy,
  manifest: Manifest,
  maxHospitals: number,
): (ShippedChoice & { readonly data: ShippedData })[] {
  const { schema, seed } = manifest
  switch (data.kind) {
    case 'heart':
      return heart(hospitals.length || HEART_HOSPITALS, seed)
    case 'digits':
      return digits(data.hospitals, data.seed, data.alpha)
    case 'csv':
      return []
    case 'manifest':
      if (sameJson(schema, heartSchema)) return heart(HEART_HOSPITALS, seed)
      if (sameJson(schema, digitsSchema)) return digits(Math.min(MOST_HOSPITALS, maxHospitals), seed, null)
      return []
  }
}

function heart(hospitals: number, seed: number) {
  return heartShares(hospitals).map((share, index) => ({
    index,
    name: heartName(share),
    data: { study: 'heart' as const, hospitals, index, seed },
  }))
}

function digits(hospitals: number, seed: number, alpha: number | null) {
  return Array.from({ length: hospitals }, (_, index) => ({
    index,
    name: `Hospital ${index + 1}`,
    data: { study: 'digits' as const, hospitals, index, seed, alpha },
  }))
}

/** Both are plain data with their fields in the order of the manifest's schema. */
function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  )
}
