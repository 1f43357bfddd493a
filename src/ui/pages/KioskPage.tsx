import '../kiosk.css'
import { Button, Group, Stack, Table, Text, Title } from '@mantine/core'
import { useEffect, useMemo, useState } from 'react'
import { useStore } from 'zustand'
import { createBrowserPorts } from '../../app/kiosk/browserPorts.ts'
import { createKiosk, type Kiosk, type KioskView } from '../../app/kiosk/kiosk.ts'
import { publishKiosk } from '../../app/kiosk/kioskAutomation.ts'
import { presetNames } from '../../app/kiosk/presets.ts'
import { createStory, type Scene, type Story, tell } from '../../app/kiosk/story.ts'
import { shownRound } from '../../app/phases.ts'
import type { Site } from '../../app/site.ts'
import { keepScreenOn } from '../../app/wakeLock.ts'
import { DEV_CHAIN_ID } from '../../chain/clients.ts'
import { AppError } from '../../errors/AppError.ts'
import { Panel } from '../components/Panel.tsx'
import { percent } from '../format.ts'
import { hospitalUrl, type Route } from '../route.ts'
import { texts } from '../texts.ts'
import { createTabs, createWall, type Wall } from './kiosk/frames.ts'
import { loadKioskSettings, type PlacedSettings, StaffDoor, saveKioskSettings } from './kiosk/StaffDoor.tsx'
import { Theatre } from './kiosk/Theatre.tsx'

interface KioskPageProps {
  readonly site: Site
  readonly route: Extract<Route, { page: 'kiosk' }>
}

/** Several hospitals on one screen, each with its own wallet, storage and worker; and the story of what they do. */
export function KioskPage({ site }: KioskPageProps) {
  if (site.chainId !== DEV_CHAIN_ID) return <Panel question={texts.kiosk.heading} answer={texts.kiosk.notDemo} />
  return <KioskRoom site={site} />
}

interface Opened {
  readonly kiosk: Kiosk
  readonly wall: Wall | null
}

function KioskRoom({ site }: { readonly site: Site }) {
  const [settings, setSettings] = useState<PlacedSettings>(loadKioskSettings)
  const [blocked, setBlocked] = useState(false)
  const [opened, setOpened] = useState<Opened | null>(null)
  const { place } = settings
  // biome-ignore lint/correctness/useExhaustiveDependencies: settings change the open kiosk; only another place opens it anew.
  useEffect(() => {
    const ports = createBrowserPorts(site, (study, hospital) =>
      hospitalUrl({ study, hospital, auto: true, framed: place === 'wall' }),
    )
    const wall = place === 'wall' ? createWall() : null
    const kiosk = createKiosk(ports, wall ?? createTabs(() => setBlocked(true)), settings)
    publishKiosk(kiosk)
    const letSleep = keepScreenOn()
    setOpened({ kiosk, wall })
    return () => {
      setOpened(null)
      letSleep()
      kiosk
        .close()
        .then(() => ports.close())
        .catch(error => console.error(error))
    }
  }, [site, place])
  if (opened === null) return null
  const change = (next: PlacedSettings) => {
    setSettings(next)
    saveKioskSettings(next)
    opened.kiosk.configure(next)
  }
  return (
    <Stack gap="lg" className="kiosk-room">
      <Show opened={opened} />
      <StaffDoor
        kiosk={opened.kiosk}
        settings={settings}
        onChange={change}
        isBlocked={blocked}
        onTry={() => setBlocked(false)}
      />
    </Stack>
  )
}

function Show({ opened: { kiosk, wall } }: { readonly opened: Opened }) {
  const { kiosk: words } = texts
  const view = useStore(kiosk.store)
  const now = useNow()
  const story = useStory(view)
  const isIdle = view.stage === 'idle'
  const seconds = view.until === null ? null : Math.max(0, Math.ceil((view.until - now) / 1000))
  const names = view.study?.hospitals.map(({ name }) => name) ?? []
  return (
    <>
      <Title order={1} className="ward-measure">
        {words.heading}
      </Title>
      {isIdle ? (
        <Invitation kiosk={kiosk} seconds={seconds} />
      ) : (
        <div className="kiosk">
          <Stack gap="md">
            <StoryPanel view={view} scene={story.shown} names={names} seconds={seconds} />
            {view.stage === 'finished' && <Result view={view} seconds={seconds} kiosk={kiosk} />}
          </Stack>
          {wall && <Frames wall={wall} names={names} />}
        </div>
      )}
      <Text size="sm" c="dimmed" className="ward-measure">
        {words.demo}
      </Text>
    </>
  )
}

function Invitation({ kiosk, seconds }: { readonly kiosk: Kiosk; readonly seconds: number | null }) {
  const { kiosk: words } = texts
  const preset = useStore(kiosk.store, view => view.preset)
  return (
    <div className="kiosk-invitation">
      <Panel question={words.choose} answer={words.invitation}>
        <Stack gap="sm">
          {presetNames.map(name => (
            <Button
              key={name}
              size="lg"
              h="auto"
              py="sm"
              justify="flex-start"
              variant={name === preset ? 'filled' : 'default'}
              onClick={() => kiosk.begin(name)}
            >
              <Stack gap={0} align="flex-start">
                <span>{words.presets[name].name}</span>
                <Text component="span" size="sm" c="inherit">
                  {words.presets[name].duration}
                </Text>
              </Stack>
            </Button>
          ))}
        </Stack>
        {seconds !== null && <Text c="dimmed">{words.beginsIn(seconds)}</Text>}
      </Panel>
      <Theatre names={words.someHospitals} seats={[]} scene="invite" />
    </div>
  )
}

interface StoryPanelProps {
  readonly view: KioskView
  readonly scene: Scene
  readonly names: readonly string[]
  readonly seconds: number | null
}

function StoryPanel({ view, scene, names, seconds }: StoryPanelProps) {
  const { kiosk: words } = texts
  const { study, snapshot, stage, error } = view
  const told = stage === 'preparing' ? words.scenes.invite : words.scenes[scene.name]
  return (
    <section className="ward-panel" aria-live="polite">
      <Stack gap="sm">
        <Text c="dimmed">
          {words.stages[stage]}
          {study !== null &&
            scene.round > 0 &&
            ` ${words.round(shownRound(scene.round, study.manifest), study.rounds)}`}
        </Text>
        <Title order={2} fz={28}>
          {told.title}
        </Title>
        <Text fz={20} className="ward-measure">
          {told.says}
        </Text>
        {error !== null && stage === 'recovering' && (
          <Text c="var(--ward-attention)">
            ▲ {AppError.fromData(error).message} {seconds !== null && words.error(seconds)}
          </Text>
        )}
        {names.length > 0 && <Theatre names={names} seats={snapshot?.seats ?? []} scene={scene.name} />}
      </Stack>
    </section>
  )
}

function Frames({ wall, names }: { readonly wall: Wall; readonly names: readonly string[] }) {
  const { kiosk: words } = texts
  const { frames } = useStore(wall.store)
  return (
    <section aria-label={words.wall} className="kiosk-frames">
      {frames.map(({ url, loads }, index) => (
        <iframe
          key={`${url} ${loads}`}
          className="kiosk-frame"
          src={url}
          title={words.frame(names[index] ?? String(index + 1))}
          ref={frame => wall.attach(index, frame)}
        />
      ))}
    </section>
  )
}

interface ResultProps {
  readonly view: KioskView
  readonly seconds: number | null
  readonly kiosk: Kiosk
}

function Result({ view, seconds, kiosk }: ResultProps) {
  const { kiosk: words } = texts
  const results = view.frames.flatMap(frame => (frame?.result ? [frame.result] : []))
  return (
    <Panel question={words.result.heading} answer={results.length === 0 ? words.result.none : undefined}>
      {results.length > 0 && (
        <Table captionSide="top" verticalSpacing={4}>
          <Table.Caption ta="left">{words.result.caption}</Table.Caption>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{words.result.hospital}</Table.Th>
              <Table.Th ta="right">{words.result.alone}</Table.Th>
              <Table.Th ta="right">{words.result.together}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {results.map(({ name, address, federated, local }) => (
              <Table.Tr key={address}>
                <Table.Th scope="row" fw={400}>
                  {name}
                </Table.Th>
                <Table.Td ta="right">{percent(local?.accuracy)}</Table.Td>
                <Table.Td ta="right" fw={600}>
                  {percent(federated.accuracy)}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      {results.map(({ name, address, federated, local }) => (
        <Text key={address} size="sm">
          {words.result.sentence(name, federated.accuracy, local?.accuracy ?? null, federated.patients)}
        </Text>
      ))}
      <Group>
        <Button size="lg" onClick={() => kiosk.begin()}>
          {words.begin}
        </Button>
        {seconds !== null && <Text c="dimmed">{words.result.next(seconds)}</Text>}
      </Group>
    </Panel>
  )
}

/** This computer's clock, twice a second. */
function useNow(): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500)
    return () => clearInterval(timer)
  }, [])
  return now
}

/** The story of the study on the wall. */
function useStory(view: KioskView): Story {
  const [story, setStory] = useState<Story>(() => createStory(Date.now()))
  const snapshot = useMemo(() => (view.study === null ? null : view.snapshot), [view.study, view.snapshot])
  useEffect(() => {
    const step = () => setStory(story => tell(story, snapshot, Date.now()))
    step()
    const timer = setInterval(step, 300)
    return () => clearInterval(timer)
  }, [snapshot])
  return story
}
