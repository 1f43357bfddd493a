import { Radio, Stack, Text } from '@mantine/core'
import { costOfParts, type FoundForecast } from '../../../app/sponsorForecast.ts'
import { fewestRounds, uploadOf, uploadShares } from '../../../app/sponsorForm.ts'
import { Panel } from '../../components/Panel.tsx'
import { unsignedPoints } from '../../format.ts'
import { sponsorTexts } from '../../texts/sponsor.ts'
import { useForm } from './fields.tsx'

/**
 * Whether all of an update goes up in each round or a part of it, and what an upload takes then.
 * @param found what the last simulation said; null before the first
 */
export function UploadPanel({ found }: { readonly found: FoundForecast | null }) {
  const words = sponsorTexts.upload
  const { form, change } = useForm()
  const { keep, privacy } = form
  const upload = uploadOf(form)
  // A clone may keep a part that is not on offer.
  const shares = [...new Set([...uploadShares, keep])].sort((a, b) => b - a)
  return (
    <Panel question={words.heading} answer={words.answer(keep)}>
      <Radio.Group
        aria-label={words.heading}
        value={String(keep)}
        onChange={value => change({ ...form, keep: Number(value) })}
      >
        <Stack gap="sm">
          {shares.map(share => (
            <Radio
              key={share}
              value={String(share)}
              label={words.label(share)}
              description={words.explains(share, fewestRounds(share))}
            />
          ))}
        </Stack>
      </Radio.Group>
      <Text size="sm" c="dimmed" mih="1lh" aria-live="polite">
        {upload !== null && words.takes(upload.bytes, upload.uncompressed)} {keep < 1 && words.waits}
      </Text>
      {keep < 1 && privacy !== null && form.schema.kind === 'table' && (
        <Text size="sm" c="dimmed" mih="1lh" aria-live="polite">
          {costText(found && costOfParts(found, keep, privacy.epsilon))}
        </Text>
      )}
    </Panel>
  )
}

/** @param lost accuracy; null while no simulation was of this part */
function costText(lost: number | null): string {
  const { cost } = sponsorTexts.upload
  if (lost === null) return cost.unknown
  return lost < 0.001 ? cost.nothing : cost.points(unsignedPoints(lost))
}
