//! The JSON hub protocol, held against what ASP.NET Core 10 answered to the same bytes, and against serde_json.

mod properties;
mod reading;
mod violations;
mod writing;
