/** Numbers and times as people read them, in English, always with a unit. */

/** @param share 0 to 1 @example percent(0.8037) // '80.4 %' */
export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? '–' : `${(share * 100).toFixed(1)} %`
}

/** For axes and thresholds. @param share 0 to 1 @example wholePercent(0.8037) // '80 %' */
export function wholePercent(share: number): string {
  return `${Math.round(share * 100)} %`
}

const parts: ReadonlyMap<number, string> = new Map([
  [1 / 2, 'half'],
  [1 / 4, 'a quarter'],
  [1 / 9, 'a ninth'],
])

/** A part in a word where it has one. @param share 0 to 1 @example partOf(1 / 9) // 'a ninth' @example partOf(0.2) // '20.0 %' */
export function partOf(share: number): string {
  return parts.get(share) ?? percent(share)
}

/** @example whole(10_000) // '10,000' */
export function whole(count: number): string {
  return count.toLocaleString('en-GB')
}

/** @example decimal(0.91234) // '0.912' */
export function decimal(value: number | null | undefined, digits = 3): string {
  return value === null || value === undefined ? '–' : value.toFixed(digits)
}

/** Decimal units, as network bills count. @example bytes(1_234_567) // '1.2 MB' */
export function bytes(count: number): string {
  if (count < 1000) return `${count} bytes`
  if (count < 1e6) return `${(count / 1e3).toFixed(1)} kB`
  if (count < 1e9) return `${(count / 1e6).toFixed(1)} MB`
  return `${(count / 1e9).toFixed(1)} GB`
}

/** @example unsignedPoints(-0.034) // '3.4 points' */
export function unsignedPoints(share: number): string {
  return `${Math.abs(share * 100).toFixed(1)} points`
}

/** Four characters at either end. @example shortAddress('0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266') // '0xf39F…2266' */
export function shortAddress(address: string): string {
  return `${address.slice(0, 6)}…${address.slice(-4)}`
}

/** @param seconds how long from now @example inTime(75) // 'in 1 min 15 s' */
export function inTime(seconds: number): string {
  if (seconds <= 0) return 'any moment now'
  if (seconds < 60) return `in ${Math.ceil(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `in ${minutes} min ${Math.ceil(seconds % 60)} s`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `in ${hours} h ${minutes % 60} min` : `in ${Math.floor(hours / 24)} days`
}

// Made once: to make one takes longer than all that a page has to format.
const timeOfDay = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })
const dateAndTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' })

/** @param time milliseconds since 1970 */
export function clock(time: number): string {
  return timeOfDay.format(time)
}

/** @param time milliseconds since 1970 */
export function exactTime(time: number): string {
  return dateAndTime.format(time)
}

/** @param seconds how long ago @example ago(75) // '1 min ago' */
export function ago(seconds: number): string {
  if (seconds < 10) return 'just now'
  if (seconds < 60) return `${Math.floor(seconds)} s ago`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ago`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ago` : `${Math.floor(hours / 24)} days ago`
}

/** Credits to two places. @example credits(1200) // '1,200 credits' */
export function credits(amount: number): string {
  const rounded = Number(amount.toFixed(2))
  return `${rounded.toLocaleString('en-GB')} ${rounded === 1 ? 'credit' : 'credits'}`
}

/** The same of an amount that is written already. @example creditsOf('1') // '1 credit' */
export function creditsOf(amount: string): string {
  return `${amount} ${amount === '1' ? 'credit' : 'credits'}`
}
