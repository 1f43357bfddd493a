import type { Address } from '../study/types.ts'
import { studyFactoryAbi } from './generated/abi.ts'
import type { ChainReader } from './reads.ts'
import { toAppError } from './reverts.ts'

/** Whether this deployment's factory made the contract at an address. @throws AppError chain.unreachable */
export async function isStudy({ deployment, publicClient }: ChainReader, study: Address): Promise<boolean> {
  try {
    return await publicClient.readContract({
      address: deployment.factory,
      abi: studyFactoryAbi,
      functionName: 'isStudy',
      args: [study],
    })
  } catch (error) {
    throw toAppError(error, deployment.rpcUrls[0] ?? '')
  }
}
