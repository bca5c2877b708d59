//! The safetensors format: 8 bytes of header length, a JSON header, then the data.
//!
//! As <https://github.com/huggingface/safetensors> describes it: little endian, and the data without holes or overlaps.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::header::{Format, f16_values, f32_values};
use super::{WeightTensor, Weights, WeightsError};

const FORMAT: Format = Format("a safetensors file");
/// The header's key that is no tensor.
const METADATA: &str = "__metadata__";

/// Turns bytes into f32 values.
type Widen = fn(&[u8]) -> Vec<f32>;

#[derive(Serialize, Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [usize; 2],
}

/// The F32 and F16 tensors of a safetensors file, widened to f32; PyTorch's integer batch counters
/// (`*.num_batches_tracked`) are left out.
///
/// # Errors
/// [`WeightsError`] if a declared size does not fit the file, data overlap or leave holes, a tensor is of another
/// type, or a value is not finite.
pub fn read_safetensors(bytes: &[u8]) -> Result<Weights, WeightsError> {
    let (length, rest) = bytes.split_first_chunk::<8>().ok_or_else(|| FORMAT.error("it is cut short"))?;
    let (header, data) = FORMAT.split(rest, u64::from_le_bytes(*length))?;
    let header: BTreeMap<String, Value> =
        serde_json::from_slice(header).map_err(|e| FORMAT.error(format!("the header is damaged: {e}")))?;

    let mut entries = Vec::with_capacity(header.len());
    for (name, value) in header {
        if name != METADATA {
            let entry: Entry = serde_json::from_value(value)
                .map_err(|e| FORMAT.entry_error(&name, format!("has a damaged entry: {e}")))?;
            entries.push((name, entry));
        }
    }
    entries.sort_by_key(|(_, entry)| entry.data_offsets);

    let mut weights = Weights::new();
    let mut position = 0;
    for (name, entry) in entries {
        let [begin, end] = entry.data_offsets;
        if begin != position {
            return Err(FORMAT.entry_error(&name, "overlaps another or leaves a hole"));
        }
        let values = FORMAT.slice(&name, data, begin, end)?;
        position = end;
        let (width, widen): (usize, Widen) = match entry.dtype.as_str() {
            "F32" => (4, f32_values),
            "F16" => (2, f16_values),
            _ if name.ends_with(".num_batches_tracked") => continue,
            other => {
                return Err(FORMAT.entry_error(&name, format!("is of type {other}, expected F32 or F16")));
            }
        };
        let (_, size) = FORMAT.sizes(&name, &entry.shape, width)?;
        if size != values.len() {
            let stated = values.len();
            return Err(FORMAT.entry_error(&name, format!("has {stated} bytes, its shape calls for {size}")));
        }
        let values = FORMAT.finite(&name, widen(values))?;
        weights.insert(name, WeightTensor::f32(entry.shape, values));
    }
    if position != data.len() {
        return Err(FORMAT.error("there are bytes that belong to no tensor"));
    }
    Ok(weights)
}

/// `weights` as a safetensors file, all F32.
pub fn write_safetensors(weights: &Weights) -> Result<Vec<u8>, WeightsError> {
    let mut header = BTreeMap::new();
    let mut data = Vec::new();
    for (name, tensor) in weights {
        let begin = data.len();
        data.extend(tensor.to_f32().iter().flat_map(|v| v.to_le_bytes()));
        let data_offsets = [begin, data.len()];
        header.insert(name, Entry { dtype: "F32".to_owned(), shape: tensor.shape.clone(), data_offsets });
    }
    let mut header = serde_json::to_vec(&header).map_err(|e| FORMAT.error(e.to_string()))?;
    // Spaces to a multiple of 8, so that the data are aligned.
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.append(&mut header);
    bytes.append(&mut data);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
    }

    #[test]
    fn round_trip() {
        let mut weights = Weights::new();
        weights.insert("b", WeightTensor::f32(vec![2, 3], vec![1.0, -2.0, 0.5, 3.25, 1e-30, 7.0]));
        weights.insert("a", WeightTensor::f32(vec![1], vec![4.0]));
        let bytes = write_safetensors(&weights).unwrap();
        assert_eq!(read_safetensors(&bytes).unwrap(), weights);
    }

    #[test]
    fn f16_is_widened_and_counters_are_left_out() {
        let header = r#"{"__metadata__":{"format":"pt"},
            "w":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},
            "bn.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[4,12]}}"#;
        let read =
            read_safetensors(&file(header, &[0x00, 0x3c, 0x00, 0xc1, 9, 0, 0, 0, 0, 0, 0, 0])).unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!(read.get("w").unwrap().to_f32().as_ref(), [1.0, -2.5]);
    }

    #[test]
    fn damaged_files_are_errors_that_say_why() {
        let entry = |shape: &str, offsets: &str, dtype: &str| {
            format!(r#"{{"w":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}}}"#)
        };
        let nan = f32::NAN.to_le_bytes();
        let cases: Vec<(Vec<u8>, &str)> = vec![
            (vec![1, 2, 3], "cut short"),
            (file("{}", &[])[..9].to_vec(), "longer than the file"),
            ([&u64::MAX.to_le_bytes()[..], b"{}"].concat(), "longer than the file"),
            (file("[1", &[]), "header is damaged"),
            (file(r#"{"w":{"dtype":"F32"}}"#, &[]), "'w' has a damaged entry"),
            (file(&entry("[1]", "[0,4]", "I32"), &[0; 4]), "'w' is of type I32"),
            (file(&entry("[2]", "[0,4]", "F32"), &[0; 4]), "'w' has 4 bytes, its shape calls for 8"),
            (file(&entry("[1]", "[0,4]", "F32"), &[0; 3]), "'w' lies outside"),
            (file(&entry("[1]", "[4,0]", "F32"), &[0; 4]), "'w' overlaps"),
            (file(&entry("[1]", "[1,5]", "F32"), &[0; 5]), "'w' overlaps another or leaves a hole"),
            (file(&entry("[1]", "[0,4]", "F32"), &[0; 5]), "belong to no tensor"),
            (file(&entry("[4294967296,4294967296,4294967296]", "[0,4]", "F32"), &[0; 4]), "'w' is too large"),
            (file(&entry("[1]", "[0,4]", "F32"), &nan), "'w' holds a value that is not finite"),
        ];
        for (bytes, message) in cases {
            let error = read_safetensors(&bytes).unwrap_err().to_string();
            assert!(error.contains(message), "{error:?} lacks {message:?}");
        }
    }

    #[test]
    fn any_cut_or_flipped_header_byte_never_panics() {
        let mut weights = Weights::new();
        weights.insert("w", WeightTensor::f32(vec![2, 2], vec![1.0; 4]));
        let bytes = write_safetensors(&weights).unwrap();
        for length in 0..bytes.len() {
            assert!(read_safetensors(&bytes[..length]).is_err(), "cut to {length}");
        }
        for position in 0..bytes.len() {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[position] ^= 1 << bit;
                // Some flips give another valid file; none may panic or allocate what it declares.
                let _ = read_safetensors(&flipped);
            }
        }
    }
}
