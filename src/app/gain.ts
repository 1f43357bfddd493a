/**
 * Whether two accuracies on the same patients differ by no more than chance would have it: two standard errors of the
 * difference of two proportions. Taken as if the two were measured on different patients, so it claims too little rather
 * than too much.
 *
 * @param a 0 to 1
 * @param b 0 to 1
 */
export function isWithinChance(a: number, b: number, patients: number): boolean {
  const variance = (a * (1 - a) + b * (1 - b)) / patients
  return Math.abs(a - b) <= 1.96 * Math.sqrt(variance)
}
