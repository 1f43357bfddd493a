import * as z from 'zod/mini'
import { deploymentSchema } from '../chain/deployment.ts'
import { isStudy } from '../chain/isStudy.ts'
import { type ChainReader, listStudies, readStudy } from '../chain/reads.ts'
import { manifestName } from '../crypto/cid.ts'
import { AppError } from '../errors/AppError.ts'
import { type Address, sameAddress } from '../study/types.ts'

const address = z.custom<Address>(value => typeof value === 'string' && /^0x[0-9a-fA-F]{40}$/.test(value), 'no address')

/** Where a hospital of a shipped study finds its patients. Own files are chosen on the page and are never served. */
const studyData = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('heart') }),
  z.object({
    kind: z.literal('digits'),
    /** The images are split among so many. */
    hospitals: z.int().check(z.minimum(2)),
    /** Dirichlet concentration of the classes' shares; null: the same mixture everywhere. */
    alpha: z.nullable(z.number().check(z.positive())),
    seed: z.int().check(z.minimum(0)),
  }),
  z.object({
    kind: z.literal('csv'),
    /** Seeds the stratified split of each file. */
    seed: z.int().check(z.minimum(0)),
  }),
  /** What the study's manifest says: own files, or the patients that this page ships for a schema like the manifest's. */
  z.object({ kind: z.literal('manifest') }),
])

const studyEntry = z.object({
  address,
  /** For the list; everything else about the study is on the chain and in the manifest that it names. */
  name: z.string().check(z.minLength(1)),
  rounds: z.int().check(z.positive()),
  data: studyData,
  /** Tabs may also exchange blobs directly (WebRTC), which shows their network addresses to each other. */
  direct: z.optional(z.boolean()),
  /** Names of the demo accounts: the first is hospital 1. Empty where hospitals bring their own wallets. */
  hospitals: z.array(z.string().check(z.minLength(1))),
})

const siteSchema = z.extend(deploymentSchema, {
  /** Multiaddrs with peer ids. */
  relays: z.array(z.string()).check(z.maxLength(8)),
  studies: z.array(studyEntry),
  /** Names of the demo accounts where no listed study says them: the first is hospital 1. */
  demoHospitals: z.optional(z.array(z.string().check(z.minLength(1)))),
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

/** A study that the site's file lists; undefined for any other. */
export function listedStudy(site: Site, study: string): ListedStudy | undefined {
  return site.studies.find(listed => sameAddress(listed.address, study as Address))
}

/**
 * A study by its address: as the site's file lists it, else as the chain knows it, so that whoever creates a study in the
 * app needs nobody to publish it.
 *
 * @throws AppError app.noSuchStudy where this deployment's factory did not make it or it is still a draft; chain.unreachable
 */
export async function findStudy(site: Site, study: string, reader: ChainReader): Promise<ListedStudy> {
  const listed = listedStudy(site, study)
  if (listed !== undefined) return listed
  if (!/^0x[0-9a-fA-F]{40}$/.test(study) || !(await isStudy(reader, study as Address))) {
    throw new AppError('app.noSuchStudy', { study })
  }
  const found = await fromChain(site, study as Address, reader)
  if (found === null) throw new AppError('app.noSuchStudy', { study })
  return found
}

/**
 * Every study of a site: those of its file first, in its order, then what the chain holds beside them, youngest first. Drafts
 * are left out.
 *
 * @throws AppError chain.unreachable
 */
export async function studiesOf(site: Site, reader: ChainReader): Promise<readonly ListedStudy[]> {
  const addresses = await listStudies(reader)
  const others = addresses.filter(address => listedStudy(site, address) === undefined).reverse()
  const found = await Promise.all(others.map(study => fromChain(site, study, reader)))
  return [...site.studies, ...found.filter(study => study !== null)]
}

/** @returns null for a draft */
async function fromChain(site: Site, address: Address, reader: ChainReader): Promise<ListedStudy | null> {
  const { modelURI, rules } = await readStudy(reader, address)
  if (modelURI === '') return null
  return {
    address,
    name: manifestName(modelURI) ?? `Study ${address.slice(0, 6)}…${address.slice(-4)}`,
    rounds: rules.rounds,
    data: { kind: 'manifest' },
    hospitals: demoNames(site),
  }
}

/** The demo accounts' names: the same accounts are accredited whatever the study is. */
function demoNames({ studies, demoHospitals }: Site): string[] {
  if (demoHospitals !== undefined) return demoHospitals
  return studies.reduce<string[]>((most, { hospitals }) => (hospitals.length > most.length ? hospitals : most), [])
}
