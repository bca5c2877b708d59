//! LungLens's weights file (`.llw`).
//!
//! Little endian. 8 bytes `LUNGLENS`, u32 version (1), u32 header length, a JSON header padded by spaces to a multiple
//! of 16 bytes, then the data. The header lists the tensors in the order of their names:
//! `{"tensors":[{"name":..., "dtype":"f32"|"f16"|"i8"|"i4", "shape":[...], "offset":...}]}`, `offset` counted in bytes from
//! the start of the data, a multiple of 16. A tensor's data begin where those before it end, rounded up to 16, so that
//! none overlap. An `i8` tensor is its scales (f32, one a channel of dim 0), then its values. An `i4` tensor has
//! `"taps":...` too (1 if missing) and is the scales of its blocks (f16), then 16 bytes a block, as [`Int4Blocks`] says.

use half::f16;
use serde::{Deserialize, Serialize};

use super::blocks::BLOCK_BYTES;
use super::header::{Format, f16_values, f32_values, i8_values};
use super::{
    Int4Blocks, Quantization, Storage, WeightData, WeightTensor, Weights, WeightsError, quantize, storage_of,
};

const FORMAT: Format = Format("a LungLens weights file");
const MAGIC: &[u8; 8] = b"LUNGLENS";
const VERSION: u32 = 1;
const ALIGNMENT: usize = 16;

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Dtype {
    F32,
    F16,
    I8,
    I4,
}

#[derive(Serialize, Deserialize)]
struct Header {
    tensors: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    offset: usize,
    /// Of an `i4` tensor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    taps: Option<usize>,
}

/// `weights` as a packed file; the same weights give the same bytes. Matrices that are not quantized yet are, without
/// calibration.
///
/// # Errors
/// [`WeightsError`] if a matrix has a value too large for f16 or for 4 bit, or the header is too long.
pub fn write_packed(weights: &Weights, quantization: Quantization) -> Result<Vec<u8>, WeightsError> {
    let weights = quantize(weights, quantization, None)?.weights;
    let mut tensors = Vec::with_capacity(weights.len());
    let mut data = Vec::new();
    for (name, tensor) in &weights {
        data.resize(data.len().next_multiple_of(ALIGNMENT), 0);
        let dtype = match (&tensor.data, storage_of(name, tensor, quantization)) {
            (WeightData::Int8 { .. }, _) => Dtype::I8,
            (WeightData::Int4(_), _) => Dtype::I4,
            (WeightData::F32(_), Storage::F16) => Dtype::F16,
            (WeightData::F32(_), _) => Dtype::F32,
        };
        let taps = match &tensor.data {
            WeightData::Int4(blocks) => Some(blocks.taps),
            _ => None,
        };
        let offset = data.len();
        tensors.push(Entry { name: name.clone(), dtype, shape: tensor.shape.clone(), offset, taps });
        append(&mut data, name, tensor, dtype)?;
    }
    let mut header = serde_json::to_vec(&Header { tensors }).map_err(|e| FORMAT.error(e.to_string()))?;
    header.resize(header.len().next_multiple_of(ALIGNMENT), b' ');
    let length = u32::try_from(header.len()).map_err(|_| FORMAT.error("the header is too long"))?;

    let mut bytes = Vec::with_capacity(16 + header.len() + data.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.append(&mut header);
    bytes.append(&mut data);
    Ok(bytes)
}

fn append(data: &mut Vec<u8>, name: &str, tensor: &WeightTensor, dtype: Dtype) -> Result<(), WeightsError> {
    match &tensor.data {
        WeightData::F32(values) if dtype == Dtype::F16 => {
            for value in values.iter().map(|&v| f16::from_f32(v)) {
                if !value.is_finite() {
                    return Err(WeightsError::NotFinite { doing: "packing to f16", name: name.to_owned() });
                }
                data.extend(value.to_le_bytes());
            }
        }
        WeightData::F32(values) => data.extend(values.iter().flat_map(|v| v.to_le_bytes())),
        WeightData::Int8 { values, scales } => {
            data.extend(scales.iter().flat_map(|v| v.to_le_bytes()));
            data.extend(values.iter().flat_map(|v| v.to_le_bytes()));
        }
        WeightData::Int4(blocks) => {
            data.extend(blocks.scales.iter().flat_map(|&v| f16::from_f32(v).to_le_bytes()));
            data.extend(&blocks.nibbles);
        }
    }
    Ok(())
}

/// The tensors of a packed file; f16 is widened to f32, 8-bit and 4-bit tensors stay so.
///
/// # Errors
/// [`WeightsError`] if the file is of another format or version, cut short or damaged; no declared size is
/// believed before it is found in the file.
pub fn read_packed(bytes: &[u8]) -> Result<Weights, WeightsError> {
    let (magic, rest) = bytes.split_first_chunk::<8>().ok_or_else(|| FORMAT.error("it is cut short"))?;
    if magic != MAGIC {
        return Err(FORMAT.error("it does not begin with LUNGLENS"));
    }
    let (version, rest) = rest.split_first_chunk::<4>().ok_or_else(|| FORMAT.error("it is cut short"))?;
    let version = u32::from_le_bytes(*version);
    if version != VERSION {
        return Err(FORMAT.error(format!("it is of version {version}, this program reads version {VERSION}")));
    }
    let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(|| FORMAT.error("it is cut short"))?;
    let (header, data) = FORMAT.split(rest, u32::from_le_bytes(*length).into())?;
    let header: Header =
        serde_json::from_slice(header).map_err(|e| FORMAT.error(format!("the header is damaged: {e}")))?;

    let mut weights = Weights::new();
    let mut position: usize = 0;
    for entry in header.tensors {
        // The layout is fixed by the order, so a wrong offset is damage, and overlaps cannot be declared.
        if Some(entry.offset) != position.checked_next_multiple_of(ALIGNMENT) {
            return Err(FORMAT.entry_error(&entry.name, "is not where the one before it ends"));
        }
        let (tensor, end) = read_tensor(&entry, data)?;
        position = end;
        if weights.insert(entry.name.clone(), tensor).is_some() {
            return Err(FORMAT.entry_error(&entry.name, "is there twice"));
        }
    }
    if position != data.len() {
        return Err(FORMAT.error("there are bytes that belong to no tensor"));
    }
    Ok(weights)
}

/// One tensor, and where its data end.
fn read_tensor(entry: &Entry, data: &[u8]) -> Result<(WeightTensor, usize), WeightsError> {
    let Entry { name, dtype, shape, offset, taps } = entry;
    let too_large = || FORMAT.entry_error(name, "is too large");
    let (count, _) = FORMAT.sizes(name, shape, 1)?;
    if matches!(dtype, Dtype::I8 | Dtype::I4) && shape.is_empty() {
        return Err(FORMAT.entry_error(name, "is quantized without a channel"));
    }
    if matches!(dtype, Dtype::I8 | Dtype::I4) && count == 0 {
        return Err(FORMAT.entry_error(name, "is quantized without values"));
    }
    let (scale_size, size) = match dtype {
        Dtype::F32 => (Some(0), count.checked_mul(4)),
        Dtype::F16 => (Some(0), count.checked_mul(2)),
        Dtype::I8 => (shape[0].checked_mul(4), Some(count)),
        Dtype::I4 => {
            let blocks = block_count(entry, count)?;
            (blocks.checked_mul(2), blocks.checked_mul(BLOCK_BYTES))
        }
    };
    let begin = offset.checked_add(scale_size.ok_or_else(too_large)?).ok_or_else(too_large)?;
    let end = begin.checked_add(size.ok_or_else(too_large)?).ok_or_else(too_large)?;
    let scales = FORMAT.slice(name, data, *offset, begin)?;
    let values = FORMAT.slice(name, data, begin, end)?;
    let data = match dtype {
        Dtype::F32 => WeightData::F32(FORMAT.finite(name, f32_values(values))?),
        Dtype::F16 => WeightData::F32(FORMAT.finite(name, f16_values(values))?),
        Dtype::I8 => {
            WeightData::Int8 { values: i8_values(values), scales: FORMAT.finite(name, f32_values(scales))? }
        }
        Dtype::I4 => WeightData::Int4(Int4Blocks {
            taps: taps.unwrap_or(1),
            scales: FORMAT.finite(name, f16_values(scales))?,
            nibbles: values.to_vec(),
        }),
    };
    Ok((WeightTensor { shape: shape.clone(), data }, end))
}

/// Number of blocks of a 4-bit tensor of `count` values.
fn block_count(entry: &Entry, count: usize) -> Result<usize, WeightsError> {
    let (outputs, taps) = (entry.shape[0], entry.taps.unwrap_or(1));
    let row = count / outputs;
    if taps == 0 || !row.is_multiple_of(taps) {
        let problem = format!("has rows of {row} values, which do not divide into {taps} taps");
        return Err(FORMAT.entry_error(&entry.name, problem));
    }
    Int4Blocks::block_count(outputs, row / taps, taps)
        .ok_or_else(|| FORMAT.entry_error(&entry.name, "is too large"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::quantize_per_channel;

    fn sample() -> Weights {
        let mut weights = Weights::new();
        weights.insert("a.weight", WeightTensor::f32(vec![2, 3], vec![1.0, -0.3, 0.2, 127.0, 3.0, -8.0]));
        weights.insert("a.bias", WeightTensor::f32(vec![2], vec![0.123_456_7, -9.0]));
        let rpn = WeightTensor::f32(vec![1, 3, 1, 1], vec![0.5, 1.0 / 3.0, 2.0]);
        weights.insert("rpn.head.cls_logits.weight", rpn);
        weights
    }

    #[test]
    fn f32_is_exact_and_f16_rounds() {
        let weights = sample();
        assert_eq!(read_packed(&write_packed(&weights, Quantization::F32).unwrap()).unwrap(), weights);
        let half = read_packed(&write_packed(&weights, Quantization::F16).unwrap()).unwrap();
        assert_eq!(half.get("a.bias"), weights.get("a.bias"));
        for (name, tensor) in &weights {
            for (got, want) in half.get(name).unwrap().to_f32().iter().zip(tensor.to_f32().iter()) {
                assert!((got - want).abs() <= want.abs() / 2048.0);
            }
        }
    }

    #[test]
    fn int8_keeps_vectors_and_last_layers_finer() {
        let weights = sample();
        let bytes = write_packed(&weights, Quantization::Int8).unwrap();
        let read = read_packed(&bytes).unwrap();
        assert_eq!(read.get("a.bias"), weights.get("a.bias"));
        assert_eq!(read.get("a.weight").unwrap(), &quantize_per_channel(weights.get("a.weight").unwrap()));
        let logits = read.get("rpn.head.cls_logits.weight").unwrap();
        assert_eq!(logits.to_f32().as_ref(), [0.5, f16::from_f32(1.0 / 3.0).to_f32(), 2.0]);
        // Packing what was unpacked gives the same file.
        assert_eq!(write_packed(&read, Quantization::Int8).unwrap(), bytes);
    }

    #[test]
    fn int4_keeps_its_blocks_and_reads_back() {
        let mut weights = sample();
        let values = (0..3 * 40 * 9).map(|i| ((i * 31 % 97) as f32 - 48.0) / 40.0).collect();
        weights.insert("b.weight", WeightTensor::f32(vec![3, 40, 3, 3], values));
        let bytes = write_packed(&weights, Quantization::Int4).unwrap();
        let read = read_packed(&bytes).unwrap();
        assert!(matches!(&read.get("a.weight").unwrap().data, WeightData::Int8 { .. }));
        let WeightData::Int4(blocks) = &read.get("b.weight").unwrap().data else { panic!("not in blocks") };
        assert_eq!(blocks.taps, 9);
        assert_eq!(write_packed(&read, Quantization::Int4).unwrap(), bytes);
        // Repacking to f32 is what was unpacked.
        let plain = read_packed(&write_packed(&read, Quantization::F32).unwrap()).unwrap();
        assert_eq!(plain.get("b.weight").unwrap().to_f32(), read.get("b.weight").unwrap().to_f32());
        for position in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[position] ^= 1 << (position % 8);
            let _ = read_packed(&flipped);
        }
    }

    #[test]
    fn data_are_aligned() {
        let bytes = write_packed(&sample(), Quantization::Int8).unwrap();
        let length = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
        assert_eq!((16 + length) % ALIGNMENT, 0);
        let header: Header = serde_json::from_slice(&bytes[16..16 + length]).unwrap();
        assert!(header.tensors.iter().all(|entry| entry.offset % ALIGNMENT == 0));
    }

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let length = (header.len() as u32).to_le_bytes();
        [MAGIC.as_slice(), &VERSION.to_le_bytes(), &length, header.as_bytes(), data].concat()
    }

    #[test]
    fn damaged_files_are_errors_that_say_why() {
        let tensor = |dtype: &str, shape: &str, offset: usize| {
            format!(r#"{{"name":"w","dtype":"{dtype}","shape":{shape},"offset":{offset}}}"#)
        };
        let taps = |taps: &str| {
            let one = r#"{"tensors":[{"name":"w","dtype":"i4","shape":[1,32],"offset":0,"taps":TAPS}]}"#;
            one.replace("TAPS", taps)
        };
        let one = |dtype: &str, shape: &str| format!(r#"{{"tensors":[{}]}}"#, tensor(dtype, shape, 0));
        let twice = format!(r#"{{"tensors":[{0},{1}]}}"#, tensor("f32", "[1]", 0), tensor("f32", "[1]", 16));
        let overlap = format!(r#"{{"tensors":[{0},{0}]}}"#, tensor("f32", "[1]", 0));
        let mut newer = file("{}", &[]);
        newer[8] = 2;
        let cases: Vec<(Vec<u8>, &str)> = vec![
            (b"LUNG".to_vec(), "cut short"),
            (b"PK\x03\x04 a zip file".to_vec(), "does not begin"),
            (newer, "version 2"),
            (file("{}", &[])[..17].to_vec(), "longer than the file"),
            (file("{}", &[]), "header is damaged"),
            (file(&one("i2", "[1]"), &[]), "header is damaged"),
            (file(&one("f32", "[2]"), &[0; 4]), "'w' lies outside"),
            (file(&one("i8", "[2,2]"), &[0; 11]), "'w' lies outside"),
            (file(&one("i8", "[]"), &[0; 1]), "without a channel"),
            (file(&one("i8", "[1000000000000,0]"), &[]), "without values"),
            (file(&one("f32", "[1099511627776,1099511627776]"), &[]), "'w' is too large"),
            (file(&one("f32", "[1]"), &f32::INFINITY.to_le_bytes()), "'w' holds a value that is not finite"),
            (file(&one("f32", "[1]"), &[0; 8]), "belong to no tensor"),
            (file(&one("i4", "[2,32]"), &[0; 35]), "'w' lies outside"),
            (file(&one("i4", "[]"), &[]), "without a channel"),
            (file(&one("i4", "[0]"), &[]), "without values"),
            (file(&taps("0"), &[]), "do not divide into 0 taps"),
            (file(&taps("5"), &[]), "do not divide into 5 taps"),
            (file(&overlap, &[0; 4]), "not where the one before it ends"),
            (file(&twice, &[0; 20]), "'w' is there twice"),
        ];
        for (bytes, message) in cases {
            let error = read_packed(&bytes).unwrap_err().to_string();
            assert!(error.contains(message), "{error:?} lacks {message:?}");
        }
    }

    #[test]
    fn any_cut_is_an_error_and_no_flipped_bit_panics() {
        let bytes = write_packed(&sample(), Quantization::Int8).unwrap();
        for length in 0..bytes.len() {
            assert!(read_packed(&bytes[..length]).is_err(), "cut to {length}");
        }
        for position in 0..bytes.len() {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[position] ^= 1 << bit;
                let _ = read_packed(&flipped);
            }
        }
    }

    #[test]
    fn a_value_beyond_f16_or_4_bit_is_named() {
        let told = |name: &str, values: Vec<f32>, quantization| {
            let mut weights = Weights::new();
            weights.insert(name, WeightTensor::f32(vec![1, values.len()], values));
            write_packed(&weights, quantization).map_err(|error| error.to_string())
        };
        for (name, count, quantization) in
            [("rpn.head.bbox_pred.weight", 1, Quantization::Int8), ("a.weight", 32, Quantization::Int4)]
        {
            let error = told(name, vec![1e6; count], quantization).unwrap_err();
            assert!(error.contains(name), "{error}");
        }
        // The largest that 4 bit holds.
        let bytes = told("a.weight", vec![-524_032.0; 32], Quantization::Int4).unwrap();
        let read = read_packed(&bytes).unwrap();
        assert_eq!(read.get("a.weight").unwrap().to_f32().as_ref(), [-524_032.0; 32]);
    }
}
