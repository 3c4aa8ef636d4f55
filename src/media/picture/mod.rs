//! Generates variants of images. Images are untrusted: the memory needed is estimated from the header, and an image above the limit is not
//! decoded.

mod cost;

use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits,
    codecs::{jpeg::JpegEncoder, png::PngEncoder},
    imageops::FilterType,
    metadata::Orientation,
};

use cost::cost;

use super::Variant;

/// Maximum side length of a decoded image, in pixels.
const MAX_SIDE: u32 = 16_384;
/// Maximum memory of an image and its decoder (`cost`), in bytes: 53 million pixels of a common JPEG, 40 million of a PNG with alpha,
/// 20 million of one with 16 bits per channel, 18 million of a progressive JPEG with full colour, 14 million of a WebP, 8 million of an
/// animated one. Added to that are the file itself, which a JPEG decoder copies (20 MiB each at most), [`MAX_METADATA`], and some 25 MiB for
/// scaling: 240 MiB in all. Only the scaled images are rotated, and colour profiles are not applied.
const MAX_MEMORY: u64 = 160 * 1024 * 1024;
/// Maximum size of colour profiles and texts decoded from a PNG, and of an Exif block, in bytes.
const MAX_METADATA: u64 = 8 * 1024 * 1024;
/// JPEG quality in percent, as is common for thumbnails.
const QUALITY: u8 = 80;

/// An encoded variant.
pub(crate) struct RenderedVariant {
    pub variant: Variant,
    pub mime_type: &'static str,
    pub width: u32,
    pub height: u32,
    pub bytes: Vec<u8>,
}

pub struct Pictures {
    /// Of the original in upright orientation.
    pub width: u32,
    pub height: u32,
    pub smaller: Vec<RenderedVariant>,
}

/// Reason why an image has no variants. Permanent: the image is at fault.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PictureError {
    #[error("it is neither JPEG nor PNG nor WebP")]
    Format,
    #[error("its {width} by {height} pixels need {bytes} bytes to decode; the limit is {MAX_MEMORY}")]
    TooLarge { width: u32, height: u32, bytes: u64 },
    #[error("it cannot be decoded: {0}")]
    Broken(#[from] ImageError),
}

/// Decodes an image and renders all variants in upright orientation, none larger than the original. Blocks for up to a second of CPU time,
/// with at most the memory stated at [`MAX_MEMORY`].
pub fn make(bytes: &[u8]) -> Result<Pictures, PictureError> {
    let (picture, orientation) = unpack(bytes)?;
    let mut smaller = Vec::with_capacity(Variant::ALL.len());
    for variant in Variant::ALL {
        let mut small = shrink(&picture, variant.side());
        small.apply_orientation(orientation);
        smaller.push(encode(variant, small)?);
    }
    let (width, height) = match orientation {
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH => {
            (picture.height(), picture.width())
        }
        _ => (picture.width(), picture.height()),
    };
    Ok(Pictures { width, height, smaller })
}

/// Decodes the image as stored, with its orientation.
fn unpack(bytes: &[u8]) -> Result<(DynamicImage, Orientation), PictureError> {
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(ImageError::from)?;
    let Some(format @ (ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)) = reader.format() else {
        return Err(PictureError::Format);
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_METADATA);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    let needed = cost(format, bytes, (width, height), decoder.total_bytes());
    if needed > MAX_MEMORY {
        return Err(PictureError::TooLarge {
            width,
            height,
            bytes: needed,
        });
    }
    // Unreadable orientation counts as none.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok((DynamicImage::from_decoder(decoder)?, orientation))
}

/// Scales the image down to fit a square, keeping its proportions.
fn shrink(picture: &DynamicImage, side: u32) -> DynamicImage {
    if picture.width() <= side && picture.height() <= side {
        return picture.clone();
    }
    let (long, short) = (
        u64::from(picture.width().max(picture.height())),
        u64::from(picture.width().min(picture.height())),
    );
    let rounded = (short * u64::from(side) + long / 2) / long;
    let short = u32::try_from(rounded).unwrap_or(side).max(1);
    let (width, height) = if picture.width() >= picture.height() {
        (side, short)
    } else {
        (short, side)
    };
    // Box filter down to twice the size first, for speed.
    if long > u64::from(side) * 4 {
        let near = picture.thumbnail_exact(width * 2, height * 2);
        return near.resize_exact(width, height, FilterType::CatmullRom);
    }
    picture.resize_exact(width, height, FilterType::CatmullRom)
}

/// Encodes as JPEG, or as PNG if the image has transparency.
fn encode(variant: Variant, picture: DynamicImage) -> Result<RenderedVariant, PictureError> {
    let mut bytes = Vec::new();
    let mime_type = if picture.color().has_alpha() {
        picture.to_rgba8().write_with_encoder(PngEncoder::new(&mut bytes))?;
        "image/png"
    } else {
        let encoder = JpegEncoder::new_with_quality(&mut bytes, QUALITY);
        picture.to_rgb8().write_with_encoder(encoder)?;
        "image/jpeg"
    };
    Ok(RenderedVariant {
        variant,
        mime_type,
        width: picture.width(),
        height: picture.height(),
        bytes,
    })
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;

    fn jpeg(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let picture = RgbImage::from_fn(width, height, |x, _| {
            if x < width / 2 {
                Rgb([255, 0, 0])
            } else {
                Rgb([0, 0, 255])
            }
        });
        picture
            .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 90))
            .unwrap();
        bytes
    }

    /// The same with Exif orientation 6: rotated a quarter turn to the left.
    fn turned(jpeg: &[u8]) -> Vec<u8> {
        let mut note = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
        let length = u16::try_from(note.len() + 2).unwrap().to_be_bytes();
        let mut bytes = jpeg[..2].to_vec();
        bytes.extend([0xff, 0xe1, length[0], length[1]]);
        bytes.append(&mut note);
        bytes.extend_from_slice(&jpeg[2..]);
        bytes
    }

    #[test]
    fn a_picture_is_turned_upright_as_its_camera_says() {
        let made = make(&turned(&jpeg(400, 200))).unwrap();
        assert_eq!((made.width, made.height), (200, 400));
        let medium = image::load_from_memory(&made.smaller[1].bytes).unwrap().to_rgb8();
        assert_eq!(medium.dimensions(), (200, 400));
        let (top, bottom) = (medium.get_pixel(100, 50), medium.get_pixel(100, 350));
        assert!(
            top[0] > 200 && bottom[2] > 200,
            "the left side is the top now: {top:?} {bottom:?}"
        );
    }

    #[test]
    fn proportions_are_kept_and_nothing_is_made_larger() {
        for (width, height, expected) in [
            (1_200, 800, (200, 133)),
            (800, 1_200, (133, 200)),
            (2_000, 2, (200, 1)),
            (200, 200, (200, 200)),
            (201, 200, (200, 199)),
            (10, 20, (10, 20)),
        ] {
            let picture = DynamicImage::new_rgb8(width, height);
            let small = shrink(&picture, 200);
            assert_eq!((small.width(), small.height()), expected, "{width} by {height}");
        }
    }

    #[test]
    fn what_is_no_picture_is_unfit() {
        assert!(matches!(make(b"GIF89a\x01\0\x01\0"), Err(PictureError::Format)));
        assert!(matches!(make(b""), Err(PictureError::Format)));
        assert!(matches!(make(&jpeg(100, 100)[..200]), Err(PictureError::Broken(_))));
    }
}
