import { type ErrorCode, messages } from './messages.ts'

export type ErrorDetails = Readonly<Record<string, string | number>>

/**
 * The one error type of the application. The code picks the sentence a person reads; details fill its blanks.
 * Everything thrown on purpose is an AppError; anything else is a bug.
 *
 * @example throw new AppError('data.badCell', { row: 7, column: 'chol', value: 'abc' })
 */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, details: ErrorDetails = {}, cause?: unknown) {
    super(fill(messages[code], details), cause === undefined ? undefined : { cause })
    this.code = code
    this.details = details
  }

  /** The first error in the chain of causes that satisfies the predicate, this one included. */
  walk(predicate: (error: unknown) => boolean): unknown {
    let error: unknown = this
    while (error !== undefined && error !== null) {
      if (predicate(error)) return error
      error = error instanceof Error ? error.cause : undefined
    }
    return undefined
  }

  /** As plain data, to cross a worker's or a process's boundary. */
  toData(): AppErrorData {
    return { code: this.code, details: this.details }
  }

  static fromData(data: AppErrorData): AppError {
    return new AppError(data.code, data.details)
  }
}

export interface AppErrorData {
  readonly code: ErrorCode
  readonly details: ErrorDetails
}

export function isAppError(error: unknown, code?: ErrorCode): error is AppError {
  return error instanceof AppError && (code === undefined || error.code === code)
}

function fill(template: string, details: ErrorDetails): string {
  return template.replace(/\{(\w+)\}/g, (blank, key: string) => (key in details ? String(details[key]) : blank))
}
