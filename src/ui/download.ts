/**
 * Saves something that was made in this page as a file. Nothing is sent: the browser takes it from this page's memory.
 *
 * @param name never with anything about a patient in it
 * @param type e.g. text/csv
 */
export function download(name: string, type: string, content: string | ArrayBuffer): void {
  const url = URL.createObjectURL(new Blob([content], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  document.body.append(link)
  link.click()
  link.remove()
  // Some browsers read the address only after the click has returned.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

/** A study's name as the beginning of a file's. @example fileNameOf('Heart disease') // 'heart-disease' */
export function fileNameOf(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60)
  return plain === '' ? 'study' : plain
}
