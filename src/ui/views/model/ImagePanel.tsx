import { Button, Group, Text } from '@mantine/core'
import { type PointerEvent, useRef, useState } from 'react'
import type { ShownPrediction } from '../../../app/desks/modelView.ts'
import type { HospitalSession } from '../../../app/session.ts'
import type { AppErrorData } from '../../../errors/AppError.ts'
import type { ImageSchema, Manifest } from '../../../study/manifest.ts'
import { asErrorData, ErrorPanel } from '../../components/ErrorPanel.tsx'
import { Panel } from '../../components/Panel.tsx'
import { texts } from '../../texts.ts'
import { Answer } from './Answer.tsx'
import { centred } from './drawing.ts'

interface ImagePanelProps {
  readonly session: HospitalSession
  readonly schema: ImageSchema
  readonly manifest: Manifest
  readonly shown: ShownPrediction | null
}

/** Pixels of the field to draw on for one point of the model's image. */
const SCALE = 10

/** An image drawn by hand, and what the model says it is. Grey images only: others cannot be drawn. */
export function ImagePanel({ session, schema, manifest, shown }: ImagePanelProps) {
  const { images, patient } = texts.model
  const pad = useRef<HTMLCanvasElement>(null)
  const last = useRef<{ x: number; y: number } | null>(null)
  const [hasDrawn, setHasDrawn] = useState(false)
  const [isEmpty, setIsEmpty] = useState(false)
  const [isAsking, setIsAsking] = useState(false)
  const [error, setError] = useState<AppErrorData | null>(null)
  const { height, width, channels } = schema
  if (channels !== 1) return null
  const draw = (event: PointerEvent<HTMLCanvasElement>) => {
    const canvas = pad.current
    const context = canvas?.getContext('2d')
    if (!canvas || !context || last.current === null) return
    const box = canvas.getBoundingClientRect()
    const to = {
      x: ((event.clientX - box.left) / box.width) * canvas.width,
      y: ((event.clientY - box.top) / box.height) * canvas.height,
    }
    context.strokeStyle = '#fff'
    context.lineWidth = SCALE * 2
    context.lineCap = 'round'
    context.beginPath()
    context.moveTo(last.current.x, last.current.y)
    context.lineTo(to.x, to.y)
    context.stroke()
    last.current = to
    setHasDrawn(true)
    setIsEmpty(false)
  }
  const begin = (event: PointerEvent<HTMLCanvasElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId)
    const box = event.currentTarget.getBoundingClientRect()
    last.current = {
      x: ((event.clientX - box.left) / box.width) * event.currentTarget.width,
      y: ((event.clientY - box.top) / box.height) * event.currentTarget.height,
    }
    session.model.forgetPrediction()
    draw(event)
  }
  const end = () => {
    last.current = null
  }
  const clear = () => {
    const canvas = pad.current
    canvas?.getContext('2d')?.clearRect(0, 0, canvas.width, canvas.height)
    setHasDrawn(false)
    setIsEmpty(false)
    session.model.forgetPrediction()
  }
  const ask = async () => {
    const canvas = pad.current
    const context = canvas?.getContext('2d')
    if (!canvas || !context || !hasDrawn) return setIsEmpty(true)
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height)
    setIsAsking(true)
    setError(null)
    try {
      const grey = Uint8Array.from({ length: canvas.width * canvas.height }, (_, i) => data[i * 4 + 3] ?? 0)
      await session.model.predict({ pixels: centred(grey, canvas.width, canvas.height, width, height) })
    } catch (thrown) {
      setError(asErrorData(thrown))
    } finally {
      setIsAsking(false)
    }
  }
  return (
    <Panel question={images.heading} answer={images.answer}>
      <canvas
        ref={pad}
        className="ward-pad"
        width={width * SCALE}
        height={height * SCALE}
        role="img"
        aria-label={images.field}
        onPointerDown={begin}
        onPointerMove={draw}
        onPointerUp={end}
        onPointerCancel={end}
      />
      <Text size="sm" c="dimmed">
        {images.noKeyboard}
      </Text>
      {isEmpty && (
        <Text role="alert" c="var(--ward-danger)">
          {images.empty}
        </Text>
      )}
      <Group gap="sm">
        <Button onClick={ask} loading={isAsking} loaderProps={{ type: 'dots' }}>
          {patient.ask}
        </Button>
        <Button variant="subtle" onClick={clear}>
          {patient.clear}
        </Button>
      </Group>
      {error && <ErrorPanel error={error} />}
      <div aria-live="polite" data-testid="prediction">
        {shown && <Answer shown={shown} manifest={manifest} />}
      </div>
    </Panel>
  )
}
