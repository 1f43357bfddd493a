/** The most hospitals that a study takes. */
export const mostHospitals = 64
/** The largest weight an update can have. */
export const maxWeight = 8

/**
 * A hospital's weight in the average: in coarse steps, so that its size is not told exactly.
 * @param patientsPerWeight from the manifest; 0: all weigh the same
 * @returns an integer from 1 to 8
 */
export function weightOf(patients: number, patientsPerWeight: number): number {
  if (patientsPerWeight === 0) return 1
  return Math.min(maxWeight, Math.max(1, Math.round(patients / patientsPerWeight)))
}
