/** Share of the image that the drawing fills, as in MNIST: 20 of 28 points. */
const FILLED = 20 / 28

/**
 * A drawing as a small image: scaled to fill the middle, its centre of mass in the centre, as MNIST's images are.
 *
 * @param grey 0 to 255, row by row
 * @returns width × height greys, 0 to 255
 */
export function centred(
  grey: Uint8Array,
  fromWidth: number,
  fromHeight: number,
  width: number,
  height: number,
): Uint8Array {
  let [left, top, right, bottom] = [fromWidth, fromHeight, -1, -1]
  let [mass, massX, massY] = [0, 0, 0]
  for (let y = 0; y < fromHeight; y++) {
    for (let x = 0; x < fromWidth; x++) {
      const value = grey[y * fromWidth + x] ?? 0
      if (value === 0) continue
      left = Math.min(left, x)
      right = Math.max(right, x)
      top = Math.min(top, y)
      bottom = Math.max(bottom, y)
      mass += value
      massX += value * (x + 0.5)
      massY += value * (y + 0.5)
    }
  }
  const result = new Uint8Array(width * height)
  if (mass === 0) return result
  /** Pixels of the drawing for one point of the image. */
  const scale = Math.max((right - left + 1) / (width * FILLED), (bottom - top + 1) / (height * FILLED))
  const [centreX, centreY] = [massX / mass, massY / mass]
  const average = (fromX: number, toX: number, fromY: number, toY: number) => {
    let [sum, count] = [0, 0]
    for (let y = Math.floor(fromY); y < Math.max(Math.floor(fromY) + 1, toY); y++) {
      for (let x = Math.floor(fromX); x < Math.max(Math.floor(fromX) + 1, toX); x++) {
        count++
        if (x >= 0 && y >= 0 && x < fromWidth && y < fromHeight) sum += grey[y * fromWidth + x] ?? 0
      }
    }
    return sum / count
  }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const fromX = centreX + (x - width / 2) * scale
      const fromY = centreY + (y - height / 2) * scale
      result[y * width + x] = Math.round(average(fromX, fromX + scale, fromY, fromY + scale))
    }
  }
  return result
}
