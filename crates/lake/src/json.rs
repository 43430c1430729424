//! Arrow values to JSON for people and programs, and JSON rows to an in-memory table.
//!
//! On the path: the last step of a query; the first step when the binary lends a projection to SQL. Times become RFC 3339
//! text, 64-bit numbers stay numbers, what JSON cannot say (NaN, bytes, intervals) becomes text.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema, TimeUnit, UInt64Type};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a column of an answer or of a lent table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnKind {
    Boolean,
    Integer,
    Number,
    Text,
    /// RFC 3339 text in JSON, a timestamp in SQL.
    Time,
    Date,
    List,
    Object,
    Other,
}

/// The kind of an Arrow type.
pub(crate) fn kind_of(data_type: &DataType) -> ColumnKind {
    match data_type {
        DataType::Boolean => ColumnKind::Boolean,
        other if other.is_integer() => ColumnKind::Integer,
        other if other.is_floating() => ColumnKind::Number,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => ColumnKind::Text,
        DataType::Timestamp(..) => ColumnKind::Time,
        DataType::Date32 | DataType::Date64 => ColumnKind::Date,
        DataType::List(_) | DataType::LargeList(_) => ColumnKind::List,
        DataType::Struct(_) => ColumnKind::Object,
        DataType::Dictionary(_, values) => kind_of(values),
        _ => ColumnKind::Other,
    }
}

/// The rows of a batch, each a list of values in column order.
pub(crate) fn rows(batch: &RecordBatch) -> Result<Vec<Vec<Value>>, ArrowError> {
    let columns = batch.columns().iter().map(values).collect::<Result<Vec<_>, _>>()?;
    let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
    let row = |_| columns.iter_mut().map(|column| column.next().unwrap_or(Value::Null)).collect();
    Ok((0..batch.num_rows()).map(row).collect())
}

fn values(array: &ArrayRef) -> Result<Vec<Value>, ArrowError> {
    match array.data_type() {
        DataType::Null => Ok(vec![Value::Null; array.len()]),
        DataType::Boolean => Ok(array.as_boolean().iter().map(Value::from).collect()),
        DataType::UInt64 => Ok(array.as_primitive::<UInt64Type>().iter().map(Value::from).collect()),
        other if other.is_integer() => {
            let wide = cast(array, &DataType::Int64)?;
            Ok(wide.as_primitive::<Int64Type>().iter().map(Value::from).collect())
        }
        other if other.is_floating() => {
            let wide = cast(array, &DataType::Float64)?;
            Ok(wide.as_primitive::<Float64Type>().iter().map(number).collect())
        }
        DataType::Utf8 => Ok(array.as_string::<i32>().iter().map(Value::from).collect()),
        DataType::LargeUtf8 => Ok(array.as_string::<i64>().iter().map(Value::from).collect()),
        DataType::Utf8View => Ok(array.as_string_view().iter().map(Value::from).collect()),
        DataType::Dictionary(_, to) => values(&cast(array, to)?),
        DataType::List(_) => lists(array.as_list::<i32>().iter()),
        DataType::LargeList(_) => lists(array.as_list::<i64>().iter()),
        DataType::Struct(fields) => objects(array, fields.iter().map(|field| field.name().as_str())),
        _ => texts(array),
    }
}

fn number(value: Option<f64>) -> Value {
    match value {
        None => Value::Null,
        Some(value) => {
            serde_json::Number::from_f64(value).map_or_else(|| Value::from(value.to_string()), Value::Number)
        }
    }
}

fn lists(items: impl Iterator<Item = Option<ArrayRef>>) -> Result<Vec<Value>, ArrowError> {
    items
        .map(|item| match item {
            None => Ok(Value::Null),
            Some(item) => values(&item).map(Value::Array),
        })
        .collect()
}

fn objects<'a>(array: &ArrayRef, names: impl Iterator<Item = &'a str>) -> Result<Vec<Value>, ArrowError> {
    let array = array.as_struct();
    let mut objects = vec![Map::new(); array.len()];
    for (name, column) in names.zip(array.columns()) {
        for (object, value) in objects.iter_mut().zip(values(column)?) {
            object.insert(name.to_owned(), value);
        }
    }
    let value = |(row, object)| if array.is_null(row) { Value::Null } else { Value::Object(object) };
    Ok(objects.into_iter().enumerate().map(value).collect())
}

fn texts(array: &ArrayRef) -> Result<Vec<Value>, ArrowError> {
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(array.as_ref(), &options)?;
    let text = |row| if array.is_null(row) { Value::Null } else { Value::from(formatter.value(row).to_string()) };
    Ok((0..array.len()).map(text).collect())
}

/// JSON objects as one record batch. Columns not listed are ignored; with no list, columns and kinds are taken from the
/// rows. The reason names the row (counted from 0) and the column.
pub(crate) fn batch(columns: &[(String, ColumnKind)], rows: &[Value]) -> Result<RecordBatch, String> {
    for (row, value) in rows.iter().enumerate() {
        if !value.is_object() {
            return Err(format!("row {row} is not an object"));
        }
    }
    let inferred;
    let columns = if columns.is_empty() {
        inferred = infer(rows);
        inferred.as_slice()
    } else {
        columns
    };
    if columns.is_empty() {
        return Err("neither rows nor columns are given, so it would have no columns".to_owned());
    }
    let mut fields = Vec::with_capacity(columns.len());
    let mut arrays = Vec::with_capacity(columns.len());
    for (name, kind) in columns {
        let array = column(name, *kind, rows)?;
        fields.push(Field::new(name, array.data_type().clone(), true));
        arrays.push(array);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(|error| error.to_string())
}

fn infer(rows: &[Value]) -> Vec<(String, ColumnKind)> {
    let mut columns: Vec<(String, Option<ColumnKind>)> = Vec::new();
    for (name, value) in rows.iter().filter_map(Value::as_object).flatten() {
        let seen = match value {
            Value::Null => None,
            Value::Bool(_) => Some(ColumnKind::Boolean),
            Value::Number(number) if number.is_i64() => Some(ColumnKind::Integer),
            Value::Number(_) => Some(ColumnKind::Number),
            Value::String(_) | Value::Array(_) | Value::Object(_) => Some(ColumnKind::Text),
        };
        match columns.iter_mut().find(|(known, _)| known == name) {
            None => columns.push((name.clone(), seen)),
            Some((_, kind)) => *kind = widest(*kind, seen),
        }
    }
    columns.into_iter().map(|(name, kind)| (name, kind.unwrap_or(ColumnKind::Text))).collect()
}

fn widest(left: Option<ColumnKind>, right: Option<ColumnKind>) -> Option<ColumnKind> {
    match (left, right) {
        (None, other) | (other, None) => other,
        (Some(left), Some(right)) if left == right => Some(left),
        (Some(ColumnKind::Integer | ColumnKind::Number), Some(ColumnKind::Integer | ColumnKind::Number)) => {
            Some(ColumnKind::Number)
        }
        _ => Some(ColumnKind::Text),
    }
}

fn column(name: &str, kind: ColumnKind, rows: &[Value]) -> Result<ArrayRef, String> {
    let cells = rows.iter().map(|row| row.get(name).filter(|value| !value.is_null()));
    match kind {
        ColumnKind::Boolean => {
            Ok(Arc::new(typed(name, cells, "true or false", Value::as_bool)?.into_iter().collect::<BooleanArray>()))
        }
        ColumnKind::Integer => {
            Ok(Arc::new(typed(name, cells, "a whole number", Value::as_i64)?.into_iter().collect::<Int64Array>()))
        }
        ColumnKind::Number => {
            Ok(Arc::new(typed(name, cells, "a number", Value::as_f64)?.into_iter().collect::<Float64Array>()))
        }
        ColumnKind::Time => {
            let times = typed(name, cells, "an RFC 3339 time", time)?;
            let array = times.into_iter().collect::<TimestampMicrosecondArray>().with_timezone("UTC");
            debug_assert_eq!(array.data_type(), &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())));
            Ok(Arc::new(array))
        }
        ColumnKind::Date => {
            let text: ArrayRef = Arc::new(cells.map(|cell| cell.and_then(Value::as_str)).collect::<StringArray>());
            cast(&text, &DataType::Date32).map_err(|error| format!("column `{name}`: {error}"))
        }
        ColumnKind::Text | ColumnKind::List | ColumnKind::Object | ColumnKind::Other => {
            Ok(Arc::new(cells.map(|cell| cell.map(as_text)).collect::<StringArray>()))
        }
    }
}

fn typed<'a, T>(
    name: &str,
    cells: impl Iterator<Item = Option<&'a Value>>,
    wanted: &str,
    get: impl Fn(&Value) -> Option<T>,
) -> Result<Vec<Option<T>>, String> {
    let cell = |(row, cell): (usize, Option<&Value>)| match cell {
        None => Ok(None),
        Some(value) => match get(value) {
            Some(value) => Ok(Some(value)),
            None => Err(format!("row {row}, column `{name}` is not {wanted}")),
        },
    };
    cells.enumerate().map(cell).collect()
}

fn time(value: &Value) -> Option<i64> {
    value.as_str()?.parse::<Timestamp>().ok().map(Timestamp::as_microsecond)
}

/// Text as it is; anything else as its JSON.
fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
