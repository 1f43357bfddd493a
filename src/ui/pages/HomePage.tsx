import { Badge, Button, Group, Stack, Text, Title } from '@mantine/core'
import { useConnection, useReadContract } from 'wagmi'
import { phaseName } from '../../app/phases.ts'
import type { ListedStudy, Site } from '../../app/site.ts'
import { DEV_CHAIN_ID } from '../../chain/clients.ts'
import { studyAbi } from '../../chain/generated/abi.ts'
import type { Phase } from '../../rounds/ports.ts'
import { Address } from '../components/Address.tsx'
import { HospitalMark } from '../components/HospitalMark.tsx'
import { Panel } from '../components/Panel.tsx'
import { hospitalUrl } from '../route.ts'
import { texts } from '../texts.ts'
import { WalletPanel } from '../wallet/WalletPanel.tsx'

/** The studies of this site, and who to open them as. */
export function HomePage({ site }: { readonly site: Site }) {
  const { home } = texts
  return (
    <Stack gap="lg">
      <Title order={1} className="ward-measure">
        {texts.promise}
      </Title>
      <Panel question={home.studies} answer={site.studies.length === 0 ? home.noStudies : undefined}>
        {site.studies.map(study => (
          <StudyEntry key={study.address} site={site} study={study} />
        ))}
      </Panel>
      <WalletPanel site={site} />
    </Stack>
  )
}

function StudyEntry({ site, study }: { readonly site: Site; readonly study: ListedStudy }) {
  const { home, hospital } = texts
  const { address: wallet } = useConnection()
  const hasDemo = site.chainId === DEV_CHAIN_ID && study.hospitals.length > 0
  return (
    <Stack gap="sm">
      <Group gap="sm" justify="space-between">
        <Title order={3}>{study.name}</Title>
        <Address address={study.address} />
      </Group>
      <StudyState study={study} />
      {wallet && (
        <Group>
          <Button component="a" href={hospitalUrl({ study: study.address, hospital: null })}>
            {home.open}
          </Button>
        </Group>
      )}
      {hasDemo && (
        <>
          <Group gap="sm">
            <Text size="sm">{home.openAs}</Text>
            {study.hospitals.map((name, index) => (
              <Button
                key={name}
                component="a"
                variant="default"
                target="_blank"
                rel="noopener"
                leftSection={<HospitalMark number={index + 1} />}
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
        </>
      )}
    </Stack>
  )
}

function StudyState({ study }: { readonly study: ListedStudy }) {
  const { data } = useReadContract({
    address: study.address,
    abi: studyAbi,
    functionName: 'snapshot',
    query: { refetchInterval: 3000 },
  })
  if (data === undefined) return <Text c="dimmed">…</Text>
  const phase = phaseName(data.phase as Phase)
  return <Text c="dimmed">{texts.home.state(phase, data.members.length, data.completed, study.rounds)}</Text>
}
