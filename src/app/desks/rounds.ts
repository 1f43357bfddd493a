import { leaveStudy } from '../../chain/hospital.ts'
import type { HospitalContext } from '../context.ts'

/** What a person may do while a study runs. */
export interface RoundDesk {
  /** Nothing new begins until resume; what is missed can cost stake. */
  pause(): void
  resume(): void
  /** Leaves the study from the next round on. @throws AppError of sendCall */
  leave(): Promise<void>
}

export function createRoundDesk({ access, options, parts }: HospitalContext): RoundDesk {
  return {
    pause: () => parts.get('runner')?.pause(),
    resume: () => parts.get('runner')?.resume(),
    leave: () => leaveStudy(access, options.study.address),
  }
}
