import { Group } from '@mantine/core'
import { useEffect, useRef } from 'react'
import type { ShippedPreview } from '../../../training/screen.ts'

type Images = NonNullable<ShippedPreview['images']>

/** The first images of a hospital, enlarged. */
export function ImagesHead({ images, caption }: { readonly images: Images; readonly caption: string }) {
  return (
    <Group gap="sm" role="img" aria-label={caption}>
      {images.pixels.map((pixels, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the images never change places
        <Picture key={i} {...images} pixels={pixels} />
      ))}
    </Group>
  )
}

function Picture({ pixels, width, height, channels }: Omit<Images, 'pixels'> & { readonly pixels: Uint8Array }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!context) return
    const picture = context.createImageData(width, height)
    for (let i = 0; i < width * height; i++) {
      const at = (channel: number) => pixels[i * channels + Math.min(channel, channels - 1)] ?? 0
      picture.data.set([at(0), at(1), at(2), 255], 4 * i)
    }
    context.putImageData(picture, 0, 0)
  }, [pixels, width, height, channels])
  return <canvas ref={canvas} width={width} height={height} style={{ width: 56, imageRendering: 'pixelated' }} />
}
