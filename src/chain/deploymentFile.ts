import { readFile } from 'node:fs/promises'
import { AppError } from '../errors/AppError.ts'
import { type Deployment, parseDeployment } from './deployment.ts'

/**
 * Reads a deployment from a file, in Node: for the relay, scripts and tests.
 * @throws AppError chain.noDeployment
 */
export async function readDeployment(path: string): Promise<Deployment> {
  let value: unknown
  try {
    value = JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    throw new AppError('chain.noDeployment', { url: path }, cause)
  }
  return parseDeployment(value, path)
}
