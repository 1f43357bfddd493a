import '../kiosk.css'
import { Button, Group, Stack, Table, Text, Title } from '@mantine/core'
import { useEffect, useMemo, useState } from 'react'
import { useStore } from 'zustand'
import type { Kiosk, KioskView } from '../../app/kiosk/kiosk.ts'
import { publishKiosk } from '../../app/kiosk/kioskAutomation.ts'
import { type PresetName, presetNames } from '../../app/kiosk/settings.ts'
import { clockOf, createStory, type Scene, type Story, tell } from '../../app/kiosk/story.ts'
import { shownRound } from '../../app/phases.ts'
import type { Site } from '../../app/site.ts'
import { keepScreenOn } from '../../app/wakeLock.ts'
import { DEV_CHAIN_ID } from '../../chain/clients.ts'
import { AppError } from '../../errors/AppError.ts'
import { ClockFace } from '../charts/RoundClock.tsx'
import { HospitalMark } from '../components/HospitalMark.tsx'
import { Panel } from '../components/Panel.tsx'
import { percent } from '../format.ts'
import { hospitalUrl, type Route } from '../route.ts'
import { texts } from '../texts.ts'
import { markOf } from '../views/live/who.ts'
import { createTabs, createWall, type Wall } from './kiosk/frames.ts'
import { loadKioskSettings, type PlacedSettings, StaffDoor, saveKioskSettings } from './kiosk/StaffDoor.tsx'
import { type Actor, Theatre } from './kiosk/Theatre.tsx'

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
  const [wanted, setWanted] = useState<PresetName | null>(null)
  const [error, setError] = useState<unknown>(null)
  const { place } = settings
  // biome-ignore lint/correctness/useExhaustiveDependencies: settings change the open kiosk; only another place opens it anew.
  useEffect(() => {
    let close: (() => Promise<void>) | null = null
    let isLeft = false
    const open = async () => {
      // Signing and storing are fetched while the invitation is read.
      const [{ createBrowserPorts }, { createKiosk }] = await Promise.all([
        import('../../app/kiosk/browserPorts.ts'),
        import('../../app/kiosk/kiosk.ts'),
      ])
      if (isLeft) return
      const ports = createBrowserPorts(site, (study, hospital) =>
        hospitalUrl({ study, hospital, auto: true, framed: place === 'wall' }),
      )
      const wall = place === 'wall' ? createWall() : null
      const kiosk = createKiosk(ports, wall ?? createTabs(() => setBlocked(true)), settings)
      close = () => kiosk.close().then(() => ports.close())
      publishKiosk(kiosk)
      setOpened({ kiosk, wall })
    }
    const letSleep = keepScreenOn()
    open().catch(setError)
    return () => {
      isLeft = true
      setOpened(null)
      letSleep()
      close?.().catch(error => console.error(error))
    }
  }, [site, place])
  useEffect(() => {
    // A visitor who was quicker than the network.
    if (opened === null || wanted === null) return
    opened.kiosk.begin(wanted)
    setWanted(null)
  }, [opened, wanted])
  if (error !== null) throw error
  if (opened === null) {
    return (
      <Stack gap="lg" className="kiosk-room">
        <Heading />
        <Invitation preset={wanted ?? settings.preset} seconds={null} onBegin={setWanted} />
        <DemoLine />
      </Stack>
    )
  }
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
  const view = useStore(kiosk.store)
  const now = useNow()
  const story = useStory(view)
  const isIdle = view.stage === 'idle'
  const seconds = view.until === null ? null : Math.max(0, Math.ceil((view.until - now) / 1000))
  const names = view.study?.hospitals.map(({ name }) => name) ?? []
  return (
    <>
      <Heading />
      {isIdle ? (
        <Invitation preset={view.preset} seconds={seconds} onBegin={kiosk.begin} />
      ) : (
        <div className="kiosk">
          <Stack gap="md">
            {view.stage === 'finished' ? (
              <Result view={view} seconds={seconds} kiosk={kiosk} />
            ) : (
              <StoryPanel view={view} scene={story.shown} isLate={story.queue.length > 1} seconds={seconds} />
            )}
          </Stack>
          {wall && <Frames wall={wall} names={names} />}
        </div>
      )}
      <DemoLine />
    </>
  )
}

function Heading() {
  return (
    <Title order={1} className="kiosk-heading">
      {texts.kiosk.heading}
    </Title>
  )
}

function DemoLine() {
  return (
    <Text size="sm" c="dimmed">
      {texts.kiosk.demo}
    </Text>
  )
}

interface InvitationProps {
  readonly preset: PresetName
  /** Until it begins by itself; null: not before somebody comes. */
  readonly seconds: number | null
  readonly onBegin: (preset: PresetName) => void
}

function Invitation({ preset, seconds, onBegin }: InvitationProps) {
  const { kiosk: words } = texts
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
              onClick={() => onBegin(name)}
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
      <Theatre
        hospitals={words.someHospitals.map((name, index) => ({ name, mark: index + 1, isSeat: false }))}
        scene="invite"
      />
    </div>
  )
}

interface StoryPanelProps {
  readonly view: KioskView
  readonly scene: Scene
  /** What the frames do is further on. */
  readonly isLate: boolean
  readonly seconds: number | null
}

function StoryPanel({ view, scene, isLate, seconds }: StoryPanelProps) {
  const { kiosk: words } = texts
  const { study, snapshot, stage, error } = view
  const shown = study === null ? 0 : shownRound(scene.round, study.manifest)
  const told = stage === 'preparing' ? words.scenes.invite : words.scenes[scene.name]
  return (
    <section className="ward-panel" aria-live="polite">
      <Stack gap="sm">
        <Text c="dimmed">
          {words.stages[stage]}
          {study !== null && scene.round > 0 && ` ${words.round(shown, study.rounds)}.`}
          {isLate && ` ${words.isLate}`}
        </Text>
        <div className="kiosk-told">
          <Stack gap="sm">
            <Title order={2} fz={28}>
              {told.title}
            </Title>
            <Text fz={20} className="ward-measure">
              {told.says}
            </Text>
          </Stack>
          {study !== null && scene.round > 0 && (
            <ClockFace
              reading={clockOf(scene, snapshot)}
              title={texts.live.shortRound(shown)}
              {...(shown > 0 && { subtitle: texts.live.ofRounds(study.rounds) })}
              width={300}
            />
          )}
        </div>
        {error !== null && stage === 'recovering' && (
          <Text c="var(--ward-attention)">
            ▲ {AppError.fromData(error).message} {seconds !== null && words.error(seconds)}
          </Text>
        )}
        {study !== null && <Theatre hospitals={actorsOf(study.hospitals, snapshot)} scene={scene.name} />}
      </Stack>
    </section>
  )
}

/** Members and committee are in the order of joining, the wall's frames are not. */
function actorsOf(
  hospitals: NonNullable<KioskView['study']>['hospitals'],
  snapshot: KioskView['snapshot'],
): readonly Actor[] {
  return hospitals.map(({ name, address }) => {
    const mark = markOf(snapshot?.members, address)
    return { name, mark, isSeat: mark !== null && (snapshot?.seats.includes(mark - 1) ?? false) }
  })
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
    <Panel question={words.result.heading} answer={results.length === 0 ? words.result.none : words.scenes.end.says}>
      {results.length > 0 && (
        <Table captionSide="top" verticalSpacing="sm" fz={{ base: 16, sm: 20 }} className="kiosk-result">
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
                  <Group gap="xs" wrap="nowrap">
                    <HospitalMark number={markOf(view.snapshot?.members, address) ?? 1} />
                    {name}
                  </Group>
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
        <Text key={address}>
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
