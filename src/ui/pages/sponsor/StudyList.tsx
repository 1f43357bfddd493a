import { Button, Group, Skeleton, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { phaseName } from '../../../app/phases.ts'
import type { Site } from '../../../app/site.ts'
import { readOwnStudies } from '../../../app/sponsorFollow.ts'
import { publicClientFor, type Wallet } from '../../../chain/clients.ts'
import { listStudies } from '../../../chain/reads.ts'
import type { Address as AddressValue } from '../../../study/types.ts'
import { Address } from '../../components/Address.tsx'
import { asErrorData, ErrorPanel } from '../../components/ErrorPanel.tsx'
import { Panel } from '../../components/Panel.tsx'
import { sponsorTexts } from '../../texts/sponsor.ts'

interface StudyListProps {
  readonly site: Site
  readonly wallet: Wallet
  readonly linkTo: (study: AddressValue) => string
}

/** How many of the deployment's studies are looked at at once: each costs a few reads. */
const PAGE = 40

/** The studies that this account sponsors, with where each is. */
export function StudyList({ site, wallet, linkTo }: StudyListProps) {
  const words = sponsorTexts.list
  const { address } = wallet.account
  const [looked, setLooked] = useState(PAGE)
  const found = useQuery({
    queryKey: ['own-studies', site.deploymentId, address, looked],
    queryFn: async () => {
      const reader = { deployment: site, publicClient: publicClientFor(site) }
      const all = [...(await listStudies(reader))].reverse()
      const own = await readOwnStudies(reader, address, all.slice(0, looked))
      return { own, hasMore: all.length > looked }
    },
    refetchInterval: 5000,
    placeholderData: earlier => earlier,
  })
  return (
    <Panel question={words.studies} answer={found.data?.own.length === 0 ? words.none : undefined}>
      {found.error && <ErrorPanel error={asErrorData(found.error)} />}
      {found.isPending && <Skeleton height={64} aria-label={words.loading} />}
      <ul className="ward-rows">
        {found.data?.own.map(({ study, name, rules, snapshot }) => (
          <li key={study}>
            <div>
              <Group gap="sm">
                <Text component="span" fw={600}>
                  {name === '' ? words.unnamed : name}
                </Text>
                <Address address={study} />
              </Group>
              <Text component="div" size="sm" c="dimmed">
                {words.state(phaseName(snapshot.phase), snapshot.members.length, snapshot.completed, rules.rounds)}
              </Text>
            </div>
            <Button
              component="a"
              href={linkTo(study)}
              variant="default"
              size="compact-sm"
              aria-label={words.followLabel(name === '' ? words.unnamed : name)}
            >
              {words.follow}
            </Button>
          </li>
        ))}
      </ul>
      {found.data?.hasMore && (
        <Group>
          <Button
            variant="subtle"
            size="compact-sm"
            loading={found.isFetching}
            onClick={() => setLooked(looked + PAGE)}
          >
            {words.older}
          </Button>
        </Group>
      )}
    </Panel>
  )
}
