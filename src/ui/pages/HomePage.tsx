import { Anchor, Badge, Button, Group, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useConnection } from 'wagmi'
import { phaseName } from '../../app/phases.ts'
import { type ListedStudy, type Site, studiesOf } from '../../app/site.ts'
import { DEV_CHAIN_ID, publicClientFor } from '../../chain/clients.ts'
import { accreditationOf, type ChainReader, readSnapshot } from '../../chain/reads.ts'
import { sameAddress } from '../../study/types.ts'
import { Address } from '../components/Address.tsx'
import { asErrorData, ErrorPanel } from '../components/ErrorPanel.tsx'
import { Panel } from '../components/Panel.tsx'
import { shortAddress } from '../format.ts'
import { auditsUrl, hospitalUrl } from '../route.ts'
import { texts } from '../texts.ts'
import { WalletPanel } from '../wallet/WalletPanel.tsx'

/** Milliseconds between looks at what a listed study does; new studies are looked for less often. */
const STATE_MS = 3_000
const LIST_MS = 15_000

/** The studies of this site, how far each is, who takes part, and the way in. */
export function HomePage({ site }: { readonly site: Site }) {
  const { home } = texts
  const reader = useMemo(() => ({ deployment: site, publicClient: publicClientFor(site) }), [site])
  const studies = useQuery({
    queryKey: ['studies', site.deploymentId],
    queryFn: () => studiesOf(site, reader),
    refetchInterval: LIST_MS,
  })
  // What the site's file lists is known without the chain.
  const listed = studies.data ?? site.studies
  const isEmpty = studies.isSuccess && listed.length === 0
  return (
    <Stack gap="lg">
      <Title order={1} className="ward-measure">
        {texts.promise}
      </Title>
      {studies.error && <ErrorPanel error={asErrorData(studies.error)} />}
      <Panel question={home.studies} answer={isEmpty ? home.noStudies : home.count(listed.length)}>
        {listed.map((study, index) => (
          <StudyEntry key={study.address} site={site} reader={reader} study={study} isFirst={index === 0} />
        ))}
        {studies.isPending && <Skeleton height={96} />}
        {isEmpty && (
          <Group>
            <Button component="a" href="/sponsor">
              {home.create}
            </Button>
          </Group>
        )}
      </Panel>
      <WalletPanel site={site} />
    </Stack>
  )
}

interface EntryProps {
  readonly site: Site
  readonly reader: ChainReader
  readonly study: ListedStudy
  /** Its action is the page's one primary action. */
  readonly isFirst: boolean
}

function StudyEntry({ site, reader, study, isFirst }: EntryProps) {
  const { home, hospital } = texts
  const { address: wallet } = useConnection()
  const { data } = useQuery({
    queryKey: ['snapshot', study.address],
    queryFn: () => readSnapshot(reader, study.address),
    refetchInterval: STATE_MS,
  })
  const phase = data && phaseName(data.phase)
  const isMember = wallet !== undefined && (data?.members.some(member => sameAddress(member, wallet)) ?? false)
  const hasDemo = site.chainId === DEV_CHAIN_ID && study.hospitals.length > 0
  const action = isMember ? home.goOn : phase === 'ended' ? home.look : home.takePart
  return (
    <section className="ward-study" aria-label={study.name}>
      <Stack gap="sm">
        <Group gap="sm" justify="space-between">
          <Title order={3}>{study.name}</Title>
          <Address address={study.address} />
        </Group>
        <Text c="dimmed">
          {data && phase ? home.state(phase, data.members.length, data.completed, study.rounds) : '…'}
        </Text>
        {data && data.members.length > 0 && <Members reader={reader} members={data.members} />}
        <Group>
          <Button
            component="a"
            variant={isFirst ? 'filled' : 'default'}
            href={hospitalUrl({ study: study.address, hospital: null })}
          >
            {action}
          </Button>
        </Group>
        {data?.proven && (
          <Text size="sm">
            <Anchor href={auditsUrl(study.address)}>{home.audits}</Anchor>
          </Text>
        )}
        {hasDemo && (
          <details className="ward-demo-hospitals" open={isFirst}>
            <summary>{home.openAs}</summary>
            <Stack gap="sm" mt="sm">
              <Group gap="sm">
                {study.hospitals.map((name, index) => (
                  <Button
                    key={name}
                    component="a"
                    variant="default"
                    target="_blank"
                    rel="noopener"
                    href={hospitalUrl({ study: study.address, hospital: index + 1 })}
                  >
                    {name}
                  </Button>
                ))}
                <Badge variant="outline" color="var(--ward-attention)" tt="none">
                  {hospital.demoAccount}
                </Badge>
              </Group>
              <Text size="sm" c="dimmed" className="ward-measure">
                {home.demoAccounts}
              </Text>
            </Stack>
          </details>
        )}
        {hasDemo && isFirst && (
          <Text size="sm">
            <Anchor href="/kiosk">{home.kiosk}</Anchor>
          </Text>
        )}
      </Stack>
    </section>
  )
}

/** Most that are named; a study may have 64. */
const NAMED = 8

interface MembersProps {
  readonly reader: ChainReader
  readonly members: readonly `0x${string}`[]
}

function Members({ reader, members }: MembersProps) {
  const shown = members.slice(0, NAMED)
  const names = useQuery({
    queryKey: ['names', reader.deployment.deploymentId, ...shown],
    queryFn: () =>
      Promise.all(shown.map(async member => (await accreditationOf(reader, member)).name || shortAddress(member))),
    staleTime: Infinity,
  })
  return (
    <Text size="sm">{texts.home.members(names.data ?? shown.map(shortAddress), members.length - shown.length)}</Text>
  )
}
