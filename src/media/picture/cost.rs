//! Estimates the memory for decoding an image from its header.

use image::ImageFormat;

/// Returns the maximum of bytes that the image and its decoder hold at the same time. `unpacked` is the size of the decoded image: width times
/// height times bytes per pixel, two for each channel of 16 bits.
///
/// - PNG of any depth, interlaced or animated: nothing beside the image, since rows are decoded into it, and only the first frame is.
/// - JPEG: also the coefficients, two bytes each, if they come in several scans (progressive, or one scan per component).
/// - WebP: 11 bytes per pixel (planes or a copy with alpha, the alpha, the image); 19 with a canvas for animation. A frame may claim to be
///   larger than the image, and is decoded before that is noticed, so the largest counts.
pub fn cost(format: ImageFormat, bytes: &[u8], (width, height): (u32, u32), unpacked: u64) -> u64 {
    match format {
        ImageFormat::Jpeg => unpacked.saturating_add(coefficients(bytes, width, height)),
        ImageFormat::WebP => {
            let mut largest = LargestFrame {
                pixels: u64::from(width) * u64::from(height),
                animated: false,
            };
            largest.scan(bytes.get(12..).unwrap_or_default());
            largest.pixels.saturating_mul(if largest.animated { 19 } else { 11 })
        }
        _ => unpacked,
    }
}

/// A JPEG frame: coding and samples per pixel.
struct Frame {
    sequential: bool,
    components: u8,
    samples: f64,
}

/// Returns the size of the JPEG coefficients held in memory, or 0 if they are not. Unknown structures count as the worst case.
fn coefficients(jpeg: &[u8], width: u32, height: u32) -> u64 {
    const WORST: f64 = 4.0;
    let samples = match frame_and_scan(jpeg) {
        Some((frame, scanned)) if frame.sequential && frame.components == scanned => return 0,
        Some((frame, _)) => frame.samples,
        None => WORST,
    };
    // Blocks of 8 by 8 pixels, up to four by four of them in a unit.
    let padded = |side: u32| f64::from(side.next_multiple_of(32));
    (2.0 * samples * padded(width) * padded(height)).ceil() as u64
}

/// Returns the only frame header before the first scan, and the number of components of that scan (ITU-T T.81, annex B).
fn frame_and_scan(jpeg: &[u8]) -> Option<(Frame, u8)> {
    let mut rest = jpeg.get(2..)?;
    let mut frame = None;
    loop {
        let [0xff, marker, length @ ..] = rest else { return None };
        if *marker == 0xff {
            rest = &rest[1..];
            continue;
        }
        let length = usize::from(u16::from_be_bytes([*length.first()?, *length.get(1)?]));
        let segment = rest.get(4..2 + length)?;
        match marker {
            0xda => return Some((frame?, *segment.first()?)),
            0xc4 | 0xc8 | 0xcc => {}
            0xc0..=0xcf if frame.is_none() => frame = Some(read_frame(*marker, segment)?),
            0xc0..=0xd9 | 0x00..=0x02 => return None,
            _ => {}
        }
        rest = &rest[2 + length..];
    }
}

fn read_frame(marker: u8, segment: &[u8]) -> Option<Frame> {
    let components = *segment.get(5)?;
    let factors = |n: u8| {
        let both = *segment.get(7 + 3 * usize::from(n))?;
        Some((f64::from(both >> 4), f64::from(both & 0x0f)))
    };
    let factors: Vec<(f64, f64)> = (0..components).map(factors).collect::<Option<_>>()?;
    let widest = factors.iter().fold(1.0_f64, |max, it| max.max(it.0));
    let highest = factors.iter().fold(1.0_f64, |max, it| max.max(it.1));
    Some(Frame {
        sequential: matches!(marker, 0xc0 | 0xc1),
        components,
        samples: factors.iter().map(|(across, down)| across * down).sum::<f64>() / (widest * highest),
    })
}

/// The largest frame in a WebP file.
struct LargestFrame {
    pixels: u64,
    animated: bool,
}

impl LargestFrame {
    /// Scans a list of chunks (RFC 9649 §2.3), including those of animation frames.
    fn scan(&mut self, mut chunks: &[u8]) {
        while let Some((name, length)) = chunks
            .split_at_checked(4)
            .and_then(|(name, rest)| Some((name, rest.first_chunk()?)))
        {
            let length = u32::from_le_bytes(*length) as usize;
            let rest = &chunks[8..];
            let payload = &rest[..length.min(rest.len())];
            match name {
                b"VP8X" => self.animated |= payload.first().is_some_and(|flags| flags & 0x02 != 0),
                b"VP8 " => self.include(lossy(payload)),
                b"VP8L" => self.include(lossless(payload)),
                b"ANMF" => {
                    self.animated = true;
                    // Frames are not nested.
                    if let Some(inner) = payload.get(16..).filter(|inner| !inner.starts_with(b"ANMF")) {
                        self.scan(inner);
                    }
                }
                _ => {}
            }
            chunks = rest.get(length.saturating_add(length % 2)..).unwrap_or_default();
        }
    }

    fn include(&mut self, pixels: Option<u64>) {
        self.pixels = self.pixels.max(pixels.unwrap_or(0));
    }
}

/// Returns the pixels of a lossy frame (RFC 6386 §9.1).
fn lossy(frame: &[u8]) -> Option<u64> {
    let side = |at: usize| {
        Some(u64::from(
            u16::from_le_bytes([*frame.get(at)?, *frame.get(at + 1)?]) & 0x3fff,
        ))
    };
    Some(side(6)? * side(8)?)
}

/// Returns the pixels of a lossless frame (RFC 9649 §3.4).
fn lossless(frame: &[u8]) -> Option<u64> {
    let bits = u32::from_le_bytes(*frame.get(1..)?.first_chunk()?);
    Some(u64::from((bits & 0x3fff) + 1) * u64::from((bits >> 14 & 0x3fff) + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Up to the first scan, with frames of these markers and sampling factors.
    fn jpeg(frames: &[(u8, &[u8])], scanned: u8) -> Vec<u8> {
        let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2];
        for (marker, factors) in frames {
            let length = u8::try_from(8 + 3 * factors.len()).unwrap();
            bytes.extend([
                0xff,
                *marker,
                0,
                length,
                8,
                4,
                0,
                4,
                0,
                u8::try_from(factors.len()).unwrap(),
            ]);
            factors.iter().for_each(|factor| bytes.extend([1, *factor, 0]));
        }
        bytes.extend([0xff, 0xff, 0xda, 0, 3, scanned]);
        bytes
    }

    #[test]
    fn a_jpeg_of_several_scans_takes_its_coefficients_too() {
        let (side, picture) = (1_024, 3 * 1_024 * 1_024);
        let pixels = u64::from(side) * u64::from(side);
        for (frames, scanned, per_pixel) in [
            (&[(0xc0, &[0x22, 0x11, 0x11][..])][..], 3, 0),
            (&[(0xc1, &[0x11][..])][..], 1, 0),
            (&[(0xc2, &[0x11, 0x11, 0x11][..])][..], 3, 6),
            (&[(0xc2, &[0x22, 0x11, 0x11][..])][..], 3, 3),
            (&[(0xc0, &[0x11, 0x11, 0x11][..])][..], 1, 6),
            (&[(0xc2, &[0x11, 0x11, 0x11, 0x11][..])][..], 4, 8),
            (&[(0xc0, &[0x11][..]), (0xc2, &[0x11, 0x11][..])][..], 1, 8),
            (&[][..], 3, 8),
        ] {
            let found = cost(ImageFormat::Jpeg, &jpeg(frames, scanned), (side, side), picture);
            assert_eq!(found, picture + per_pixel * pixels, "{frames:x?}");
        }
        assert_eq!(cost(ImageFormat::Jpeg, b"\xff\xd8\xff", (32, 32), 0), 8 * 32 * 32);
    }

    #[test]
    fn of_a_webp_the_largest_frame_counts() {
        let chunk = |name: &[u8], payload: &[u8]| {
            [name, &u32::try_from(payload.len()).unwrap().to_le_bytes(), payload].concat()
        };
        let lossy = chunk(b"VP8 ", &[0, 0, 0, 0x9d, 1, 0x2a, 0xff, 0x3f, 0xff, 0x3f]);
        let lossless = chunk(b"VP8L", &[0x2f, 0xff, 0xc0, 0x3f, 0, 0]);
        let moving = chunk(b"ANMF", &[&[0; 16], &lossy[..]].concat());
        let still = |chunks: &[u8]| {
            cost(
                ImageFormat::WebP,
                &[b"RIFF\0\0\0\0WEBP", chunks].concat(),
                (10, 10),
                300,
            )
        };
        assert_eq!(still(&[]), 11 * 100);
        assert_eq!(still(&lossy), 11 * 16_383 * 16_383);
        assert_eq!(
            still(&[chunk(b"ICCP", b"odd"), vec![0], lossless].concat()),
            11 * 256 * 256
        );
        assert_eq!(
            still(&[chunk(b"VP8X", &[2; 10]), moving].concat()),
            19 * 16_383 * 16_383
        );
        assert_eq!(still(b"VP8 \xff\xff\xff\xff"), 11 * 100);
    }
}
