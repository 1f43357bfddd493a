import { Button, Group, Skeleton, Stack, Text } from '@mantine/core'
import { useStore } from 'zustand'
import type { SponsorDesk } from '../../../app/sponsorDesk.ts'
import { plannedSteps } from '../../../app/sponsorDesk.ts'
import type { Draft } from '../../../app/sponsorDrafts.ts'
import { templates } from '../../../app/sponsorForm.ts'
import { nextStep } from '../../../app/sponsorSteps.ts'
import { Panel } from '../../components/Panel.tsx'
import { ago } from '../../format.ts'
import { sponsorTexts } from '../../texts/sponsor.ts'

interface DraftListProps {
  readonly desk: SponsorDesk
  readonly onOpen: (id: string) => void
}

/** What is begun, and what one may begin. */
export function DraftList({ desk, onOpen }: DraftListProps) {
  const { drafts, deleted, isSaved } = useStore(desk.store)
  const words = sponsorTexts.drafts
  if (drafts === null) return <Skeleton height={240} />
  const begun = drafts.filter(draft => !isMade(draft))
  return (
    <>
      {(begun.length > 0 || deleted !== null) && (
        <Panel question={words.heading} answer={words.answer}>
          {deleted !== null && (
            <Group gap="sm" role="status">
              <Text>{words.removed(nameOf(deleted))}</Text>
              <Button variant="default" size="compact-sm" onClick={() => desk.undoRemove()}>
                {words.undo}
              </Button>
            </Group>
          )}
          <ul className="ward-rows">
            {begun.map(draft => (
              <Entry key={draft.id} desk={desk} draft={draft} onOpen={onOpen} />
            ))}
          </ul>
          <Text size="sm" c="dimmed" role="status">
            {isSaved ? sponsorTexts.saved : sponsorTexts.saving}
          </Text>
        </Panel>
      )}
      <Templates onStart={template => onOpen(desk.begin(template))} />
    </>
  )
}

/** A draft whose study runs is a study, and in the list of those. */
export function isMade(draft: Draft): boolean {
  return draft.plan !== null && nextStep(plannedSteps(draft.plan), draft.progress) === null
}

function nameOf({ form }: Draft): string {
  return form.name.trim() === '' ? sponsorTexts.drafts.unnamed : form.name
}

function Entry({ desk, draft, onOpen }: DraftListProps & { readonly draft: Draft }) {
  const words = sponsorTexts.drafts
  const name = nameOf(draft)
  const clone = () => {
    const id = desk.clone(draft.id)
    desk.rename(id, words.copyOf(draft.form.name))
    onOpen(id)
  }
  return (
    <li>
      <div>
        <Text component="div" fw={600}>
          {name}
        </Text>
        <Text component="div" size="sm" c="dimmed">
          {draft.progress.study !== null ? words.halfMade : words.changed(ago((Date.now() - draft.changedAt) / 1000))}
        </Text>
      </div>
      <Group gap="xs">
        <Button variant="default" size="compact-sm" aria-label={words.openLabel(name)} onClick={() => onOpen(draft.id)}>
          {words.open}
        </Button>
        <Button
          variant="subtle"
          color="gray"
          c="dimmed"
          size="compact-sm"
          aria-label={words.cloneLabel(name)}
          onClick={clone}
        >
          {words.clone}
        </Button>
        <Button
          variant="subtle"
          color="gray"
          c="dimmed"
          size="compact-sm"
          aria-label={words.removeLabel(name)}
          onClick={() => desk.remove(draft.id)}
        >
          {words.remove}
        </Button>
      </Group>
    </li>
  )
}

function Templates({ onStart }: { readonly onStart: (template: (typeof templates)[number]) => void }) {
  const words = sponsorTexts.templates
  return (
    <Panel question={words.heading} answer={words.answer}>
      <ul className="ward-templates">
        {templates.map(template => (
          <li key={template}>
            <button type="button" aria-label={words.start(words.names[template])} onClick={() => onStart(template)}>
              <Stack gap={4}>
                <Text fw={600}>{words.names[template]}</Text>
                <Text size="sm" c="dimmed">
                  {words.explains[template]}
                </Text>
              </Stack>
            </button>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
