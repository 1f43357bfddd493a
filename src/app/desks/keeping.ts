import { withdraw } from '../../chain/hospital.ts'
import type { HospitalContext } from '../context.ts'

/** What is this hospital's own: credits, keys, storage, lock. */
export interface KeepingDesk {
  /** Takes out what the study owes. @returns smallest units of credit @throws AppError of sendCall */
  withdraw(): Promise<bigint>
}

export function createKeepingDesk({ access, options }: HospitalContext): KeepingDesk {
  return { withdraw: () => withdraw(access, options.study.address) }
}
