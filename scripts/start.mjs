import { register } from 'tsx/esm/api'

/**
 * Runs a TypeScript file in this process. Imported only once the packages are installed.
 *
 * @param {URL} file
 */
export async function start(file) {
  register()
  await import(file.href)
}
