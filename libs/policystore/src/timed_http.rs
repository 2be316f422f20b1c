//! Rights that end by themselves, in an arborist in another process.

use async_trait::async_trait;
use authz::AuthzError;
use reqwest::Method;
use serde_json::json;

use crate::{
    HttpPolicies,
    http::segment,
    timed::{Holding, Missing, TimedRights, TimedStore},
};

#[async_trait]
impl TimedStore for HttpPolicies {
    async fn set_timed(
        &self,
        username: &str,
        label: &str,
        rights: &TimedRights,
    ) -> Result<Missing, AuthzError> {
        let body = json!({ "username": username, "label": label, "rights": rights });
        let answer = self.send(self.request(Method::PUT, "/timed").json(&body), None).await?;
        serde_json::from_value(answer)
            .map_err(|error| AuthzError::Unavailable(format!("the answer cannot be read: {error}")))
    }

    async fn set_unlabelled(
        &self,
        username: &str,
        policy: &str,
        holding: Holding,
    ) -> Result<bool, AuthzError> {
        let path = format!("/user/{}/policy", segment(username));
        let request = match holding {
            Holding::Held => {
                let user = json!({ "name": username });
                self.send(self.request(Method::POST, "/user").json(&user), Some(409)).await?;
                self.request(Method::POST, &path).json(&json!({ "policy": policy }))
            }
            Holding::NotHeld => self.request(Method::DELETE, &format!("{path}/{}", segment(policy))),
        };
        // There is no such policy, or it is not held.
        match self.send(request, Some(404)).await {
            Ok(_) => Ok(true),
            Err(AuthzError::BadRequest(_)) => Ok(holding == Holding::NotHeld),
            Err(error) => Err(error),
        }
    }
}
