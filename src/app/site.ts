import { z } from 'zod'
import { deploymentSchema } from '../chain/deployment.ts'
import { AppError } from '../errors/AppError.ts'
import { type Address, sameAddress } from '../study/types.ts'

const address = z.custom<Address>(value => typeof value === 'string' && /^0x[0-9a-fA-F]{40}$/.test(value), 'no address')

/** Where a hospital of a shipped study finds its patients. Own files are chosen on the page and are never served. */
const studyData = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('heart') }),
  z.object({
    kind: z.literal('digits'),
    /** The images are split among so many. */
    hospitals: z.number().int().min(2),
    /** Dirichlet concentration of the classes' shares; null: the same mixture everywhere. */
    alpha: z.number().positive().nullable(),
    seed: z.number().int().min(0),
  }),
  z.object({
    kind: z.literal('csv'),
    /** Seeds the stratified split of each file. */
    seed: z.number().int().min(0),
  }),
])

const listedStudy = z.object({
  address,
  /** For the list; everything else about the study is on the chain and in the manifest that it names. */
  name: z.string().min(1),
  rounds: z.number().int().positive(),
  data: studyData,
  /** Tabs may also exchange blobs directly (WebRTC), which shows their network addresses to each other. */
  direct: z.boolean().optional(),
  /** Names of the demo accounts: the first is hospital 1. Empty where hospitals bring their own wallets. */
  hospitals: z.array(z.string().min(1)),
})

const siteSchema = deploymentSchema.extend({
  /** Multiaddrs with peer ids. */
  relays: z.array(z.string()).max(8),
  studies: z.array(listedStudy),
})

/** What a page is served with: contracts, chain, relays and the studies it lists. Written by whoever deployed. */
export type Site = Readonly<z.infer<typeof siteSchema>>
export type ListedStudy = Site['studies'][number]
export type StudyData = ListedStudy['data']

/**
 * Fetches and checks the page's /deployment.json.
 *
 * @throws AppError chain.noDeployment where there is none or it is not one
 */
export async function loadSite(signal?: AbortSignal): Promise<Site> {
  const url = '/deployment.json'
  const response = await fetch(url, { cache: 'no-store', ...(signal && { signal }) })
  const isJson = response.headers.get('content-type')?.includes('json') ?? false
  if (!response.ok || !isJson) throw new AppError('chain.noDeployment', { url })
  return parseSite(await response.json(), url)
}

/** @throws AppError chain.noDeployment naming the first field that is wrong */
export function parseSite(value: unknown, where: string): Site {
  const result = siteSchema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new AppError(
    'chain.noDeployment',
    { url: `${where}, ${issue?.path.join('.')}: ${issue?.message}` },
    result.error,
  )
}

/** @throws AppError app.noSuchStudy */
export function findStudy(site: Site, study: string): ListedStudy {
  const found = site.studies.find(listed => sameAddress(listed.address, study as Address))
  if (found === undefined) throw new AppError('app.noSuchStudy', { study })
  return found
}
