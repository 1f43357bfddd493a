import { getAbiItem } from 'viem'
import type { Address } from '../study/types.ts'
import { LOG_RANGE } from './eventCursor.ts'
import { studyAbi } from './generated/abi.ts'
import { type ChainReader, listStudies } from './reads.ts'
import { toAppError } from './reverts.ts'

/** A round of a study for which a hospital sent an update. */
export interface Submission {
  readonly study: Address
  readonly round: number
}

/**
 * Every round of every study of the deployment for which a hospital sent an update, from a block on.
 *
 * @param fromBlock the deployment's first, or where an earlier look ended
 * @returns also the first block that was not read
 * @throws AppError chain.unreachable
 */
export async function submissionsOf(
  reader: ChainReader,
  hospital: Address,
  fromBlock: bigint,
): Promise<{ readonly submissions: readonly Submission[]; readonly nextBlock: bigint }> {
  const { deployment, publicClient } = reader
  try {
    const studies = await listStudies(reader)
    const known = new Map(studies.map(study => [study.toLowerCase(), study]))
    const head = await publicClient.getBlockNumber()
    const submissions: Submission[] = []
    for (let from = fromBlock; from <= head; from += LOG_RANGE) {
      const to = from + LOG_RANGE - 1n < head ? from + LOG_RANGE - 1n : head
      const logs = await publicClient.getLogs({
        event: getAbiItem({ abi: studyAbi, name: 'UpdateSubmitted' }),
        // Any contract may announce anything under this event's name; only the factory's studies count.
        args: { hospital },
        fromBlock: from,
        toBlock: to,
        strict: true,
      })
      for (const { address, args } of logs) {
        const study = known.get(address.toLowerCase())
        if (study !== undefined) submissions.push({ study, round: args.round })
      }
    }
    return { submissions, nextBlock: head + 1n }
  } catch (error) {
    throw toAppError(error, deployment.rpcUrls[0] ?? '')
  }
}
