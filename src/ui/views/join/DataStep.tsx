import { Button, FileButton, Group, Radio, Skeleton, Stack, Text } from '@mantine/core'
import type { JoinDesk } from '../../../app/desks/joining.ts'
import { isUsable } from '../../../app/desks/joinView.ts'
import type { HospitalView } from '../../../app/store.ts'
import { texts } from '../../texts.ts'
import { BadRows } from './BadRows.tsx'
import { ColumnMapping } from './ColumnMapping.tsx'
import { HeadTable } from './HeadTable.tsx'
import { ImagesHead } from './ImagesHead.tsx'
import { Notice } from './Notice.tsx'
import { StepPanel } from './StepPanel.tsx'
import { WantedColumns } from './WantedColumns.tsx'

interface DataStepProps {
  readonly view: HospitalView
  readonly desk: JoinDesk
  readonly takesFocus: boolean
}

/** Which patients: those of a shipped hospital, or a file of one's own, looked at before anything is loaded. */
export function DataStep({ view, desk, takesFocus }: DataStepProps) {
  const { data } = texts.join
  const { joining, stage } = view
  if (stage === 'starting') {
    return (
      <StepPanel question={data.heading} answer={data.answer} takesFocus={takesFocus}>
        <Text aria-live="polite">{joining.busy === 'loading' ? data.loading : data.starting}</Text>
        <Skeleton height={120} aria-hidden="true" />
      </StepPanel>
    )
  }
  const { busy, takesFiles, chosen } = joining
  return (
    <StepPanel question={data.heading} answer={data.answer} takesFocus={takesFocus}>
      {joining.shipped.length > 0 && <Source view={view} desk={desk} />}
      {joining.rememberedFile !== null && joining.check === null && (
        <Notice kind="attention">
          {view.round === null && joining.terms === null && isMember(view)
            ? data.rememberedMember(joining.rememberedFile)
            : data.remembered(joining.rememberedFile)}
        </Notice>
      )}
      {takesFiles && chosen !== 'shipped' && <FileChoice view={view} desk={desk} />}
      <Text aria-live="polite" size="sm" c="dimmed">
        {busy === 'reading' ? data.reading : busy === 'loading' ? data.loading : ''}
      </Text>
      {chosen === 'shipped' && <ShippedPatients view={view} desk={desk} />}
      {chosen === 'csv' && <FilePatients view={view} desk={desk} />}
    </StepPanel>
  )
}

interface PartProps {
  readonly view: HospitalView
  readonly desk: JoinDesk
}

/** One of the shipped hospitals, or a file. */
function Source({ view, desk }: PartProps) {
  const { data } = texts.join
  const { shipped, takesFiles, chosen, shippedIndex } = view.joining
  const value = chosen === 'shipped' ? String(shippedIndex) : chosen
  return (
    <Radio.Group
      label={data.source}
      description={data.sourceHint}
      value={value}
      onChange={next => (next === 'csv' ? desk.chooseOwn() : desk.chooseShipped(Number(next)))}
    >
      <Stack gap="sm" pt="sm">
        {shipped.map(({ index, name }) => (
          <Radio key={index} value={String(index)} label={name} />
        ))}
        {takesFiles && <Radio value="csv" label={data.own} />}
      </Stack>
    </Radio.Group>
  )
}

function FileChoice({ view, desk }: PartProps) {
  const { data } = texts.join
  const { check } = view.joining
  const schema = view.study?.manifest.schema
  return (
    <Stack gap="sm">
      <Group>
        <FileButton accept=".csv,text/csv" onChange={file => file && desk.chooseFile(file)}>
          {props => (
            <Button {...props} variant={check === null ? 'filled' : 'default'}>
              {check === null ? data.chooseFile : data.chooseAnother}
            </Button>
          )}
        </FileButton>
      </Group>
      <Text size="sm" c="dimmed" className="ward-measure">
        {data.fileHint}
      </Text>
      {schema?.kind === 'table' && check === null && <WantedColumns schema={schema} />}
    </Stack>
  )
}

function ShippedPatients({ view, desk }: PartProps) {
  const { data } = texts.join
  const { preview, shipped, shippedIndex, busy } = view.joining
  const name = shipped.find(({ index }) => index === shippedIndex)?.name ?? ''
  return (
    <>
      {preview === null ? (
        busy !== null && <Skeleton height={160} aria-hidden="true" />
      ) : (
        <>
          {preview.columns.length > 0 && (
            <HeadTable
              caption={data.preview(name)}
              columns={preview.columns}
              rows={preview.head.map((cells, i) => ({ row: i + 1, cells }))}
            />
          )}
          {preview.images !== null && <ImagesHead images={preview.images} caption={data.images(name)} />}
        </>
      )}
      <Group className="ward-join-actions">
        <Button loading={busy === 'loading'} onClick={() => desk.takeData()}>
          {preview === null ? data.useUnknown : data.use(preview.patients)}
        </Button>
      </Group>
    </>
  )
}

function FilePatients({ view, desk }: PartProps) {
  const { data } = texts.join
  const { joining } = view
  const { check, busy } = joining
  const schema = view.study?.manifest.schema
  if (check === null || schema?.kind !== 'table') return null
  if (joining.hasOtherPatients) return <OtherPatients desk={desk} />
  return (
    <>
      {check.refusal !== null && (
        <Notice kind="danger" isAlert>
          {check.refusal}
        </Notice>
      )}
      <ColumnMapping key={check.file} schema={schema} check={check} onMap={desk.mapColumn} />
      <HeadTable
        caption={`${data.preview(check.file)} (${data.rows(check.rows)})`}
        columns={check.columns}
        rows={check.head}
        marked={new Set(check.problems.map(({ row, column }) => `${row}:${check.mapping[column] ?? column}`))}
      />
      {check.bad > 0 && <BadRows check={check} leaveOut={joining.leaveOutBadRows} onLeaveOut={desk.leaveOutBadRows} />}
      {check.refusal === null && check.unmapped.length === 0 && (
        <Text className="ward-measure" aria-live="polite">
          {data.usable(check.complete, check.incomplete)}{' '}
          {check.outcome &&
            data.outcome(check.outcome.yes, check.outcome.yesRows, check.outcome.no, check.outcome.noRows)}
        </Text>
      )}
      <Group className="ward-join-actions">
        <Button disabled={!isUsable(joining)} loading={busy === 'loading'} onClick={() => desk.takeData()}>
          {check.complete > 0 ? data.use(check.complete) : data.useUnknown}
        </Button>
      </Group>
    </>
  )
}

/** The file is another one than the hospital joined with. */
function OtherPatients({ desk }: { readonly desk: JoinDesk }) {
  const { other } = texts.join.data
  return (
    <Notice kind="attention" isAlert heading={other.heading}>
      <Text className="ward-measure">{other.answer}</Text>
      <Group>
        <FileButton accept=".csv,text/csv" onChange={file => file && desk.chooseFile(file)}>
          {props => <Button {...props}>{other.choose}</Button>}
        </FileButton>
        <Button variant="default" onClick={() => desk.goOn()}>
          {other.goOn}
        </Button>
      </Group>
    </Notice>
  )
}

function isMember({ joining, address }: HospitalView): boolean {
  return joining.snapshot?.members.some(member => member.toLowerCase() === address?.toLowerCase()) ?? false
}
