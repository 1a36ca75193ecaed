// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Accessors of `disputes`.
use crate::client::Client;
use crate::request::{Async, Call, Operation};
/// Chargebacks and evidence.
///
/// From [`Client::disputes`](crate::Client::disputes).
#[derive(Clone, Debug)]
pub struct DisputesResource<M = Async> {
    client: Client,
    mode: M,
}

impl<M: Clone> DisputesResource<M> {
    /// List disputes.
    ///
    /// Restricted keys need the scope `disputes:read`.
    ///
    /// Operation [`disputes_list`](https://docs.fluxapay.co.uk/api/disputes_list): `GET /disputes`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let mut disputes = fluxa.disputes().list().limit(100).stream();
    /// while let Some(dispute) = disputes.next().await {
    ///     println!("{}", dispute?.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(
        &self,
    ) -> Call<crate::generated::types::DisputeList, DisputesListParams, M> {
        static DISPUTES_LIST: Operation = Operation {
            id: "disputes_list",
            method: "GET",
            path: "/disputes",
            streaming: false,
        };
        let prepare = || -> Result<DisputesListParams, crate::Error> {
            Ok(DisputesListParams::default())
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &DISPUTES_LIST,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .disputes_list(
                                params.after.as_deref(),
                                params.created_at_gt.as_ref(),
                                params.created_at_gte.as_ref(),
                                params.created_at_lt.as_ref(),
                                params.created_at_lte.as_ref(),
                                params.expand.as_ref(),
                                params.limit,
                                params.payment.as_ref(),
                                params.status.as_ref(),
                            )
                            .await?,
                    )
                })
            },
        )
    }

    /// Retrieve a dispute.
    ///
    /// Restricted keys need the scope `disputes:read`.
    ///
    /// Operation [`disputes_retrieve`](https://docs.fluxapay.co.uk/api/disputes_retrieve): `GET /disputes/{id}`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let dispute = fluxa.disputes().retrieve("dsp_2b3c4d5e6f708192").await?;
    /// println!("{} {:?}", dispute.id, dispute.status);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "get")]
    pub fn retrieve(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::DisputeId>,
    ) -> Call<crate::generated::types::Dispute, DisputesRetrieveParams, M> {
        static DISPUTES_RETRIEVE: Operation = Operation {
            id: "disputes_retrieve",
            method: "GET",
            path: "/disputes/{id}",
            streaming: false,
        };
        let prepare = || -> Result<DisputesRetrieveParams, crate::Error> {
            let id = id.into_id()?;
            Ok(DisputesRetrieveParams {
                id,
                expand: None,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &DISPUTES_RETRIEVE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .disputes_retrieve(&params.id, params.expand.as_ref())
                            .await?,
                    )
                })
            },
        )
    }

    /// Accept a dispute.
    ///
    /// Gives the dispute up: it is lost.
    ///
    /// Restricted keys need the scope `disputes:write`.
    ///
    /// Operation [`disputes_accept`](https://docs.fluxapay.co.uk/api/disputes_accept): `POST /disputes/{id}/accept`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let dispute = fluxa.disputes().accept("dsp_2b3c4d5e6f708192").await?;
    /// println!("{} {:?}", dispute.id, dispute.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn accept(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::DisputeId>,
    ) -> Call<crate::generated::types::Dispute, DisputesAcceptParams, M> {
        static DISPUTES_ACCEPT: Operation = Operation {
            id: "disputes_accept",
            method: "POST",
            path: "/disputes/{id}/accept",
            streaming: false,
        };
        let prepare = || -> Result<DisputesAcceptParams, crate::Error> {
            let id = id.into_id()?;
            Ok(DisputesAcceptParams {
                id,
                expand: None,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &DISPUTES_ACCEPT,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .disputes_accept(&params.id, params.expand.as_ref())
                            .await?,
                    )
                })
            },
        )
    }

    /// Submit evidence.
    ///
    /// Sends your evidence to the payment partner.
    ///
    /// Restricted keys need the scope `disputes:write`.
    ///
    /// Operation [`disputes_submit_evidence`](https://docs.fluxapay.co.uk/api/disputes_submit_evidence): `POST /disputes/{id}/evidence`.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// use fluxa_sdk::types::DisputeEvidence;
    ///
    /// let dispute = fluxa
    ///     .disputes()
    ///     .submit_evidence(
    ///         "dsp_2b3c4d5e6f708192",
    ///         DisputeEvidence::new()
    ///             .product_description(
    ///                 "Annual licence, delivered by email on 19 May 2026.",
    ///             )
    ///             .receipt("Receipt 8421"),
    ///     )
    ///     .await?;
    /// println!("{} {:?}", dispute.id, dispute.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn submit_evidence(
        &self,
        id: impl crate::id::IntoId<crate::generated::ids::DisputeId>,
        body: impl Into<crate::generated::types::DisputeEvidence>,
    ) -> Call<crate::generated::types::Dispute, DisputesSubmitEvidenceParams, M> {
        static DISPUTES_SUBMIT_EVIDENCE: Operation = Operation {
            id: "disputes_submit_evidence",
            method: "POST",
            path: "/disputes/{id}/evidence",
            streaming: false,
        };
        let prepare = || -> Result<DisputesSubmitEvidenceParams, crate::Error> {
            let id = id.into_id()?;
            let body = body.into();
            body.check()?;
            Ok(DisputesSubmitEvidenceParams {
                id,
                expand: None,
                body,
            })
        };
        Call::new(
            &self.client,
            self.mode.clone(),
            &DISPUTES_SUBMIT_EVIDENCE,
            prepare(),
            |context, params| {
                Box::pin(async move {
                    Ok(
                        context
                            .api()
                            .disputes_submit_evidence(
                                &params.id,
                                params.expand.as_ref(),
                                &params.body,
                            )
                            .await?,
                    )
                })
            },
        )
    }
}

impl Client {
    /// Chargebacks and evidence.
    #[must_use]
    pub fn disputes(&self) -> DisputesResource {
        DisputesResource {
            client: self.clone(),
            mode: Async,
        }
    }
}

#[cfg(feature = "blocking")]
impl crate::blocking::Client {
    /// Chargebacks and evidence.
    #[must_use]
    pub fn disputes(&self) -> DisputesResource<crate::blocking::Blocking> {
        let (client, mode) = self.parts();
        DisputesResource { client, mode }
    }
}

/// Parameters of `disputes.list`.
#[derive(Clone, Debug)]
#[derive(Default)]
#[non_exhaustive]
pub struct DisputesListParams {
    pub(crate) after: Option<String>,
    pub(crate) created_at_gt: Option<crate::time::Timestamp>,
    pub(crate) created_at_gte: Option<crate::time::Timestamp>,
    pub(crate) created_at_lt: Option<crate::time::Timestamp>,
    pub(crate) created_at_lte: Option<crate::time::Timestamp>,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
    pub(crate) limit: Option<i64>,
    pub(crate) payment: Option<crate::generated::ids::PaymentId>,
    pub(crate) status: Option<crate::generated::enums::DisputeStatus>,
}

impl crate::expand::SupportsExpand for DisputesListParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

impl crate::pagination::Paginated for DisputesListParams {
    fn set_limit(&mut self, limit: u32) {
        self.limit = Some(i64::from(limit));
    }

    fn set_after(&mut self, after: String) {
        self.after = Some(after);
    }

    fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }
}

impl<M> Call<crate::generated::types::DisputeList, DisputesListParams, M> {
    /// Only those of this payment.
    #[must_use]
    pub fn payment(
        self,
        value: impl crate::id::IntoId<crate::generated::ids::PaymentId>,
    ) -> Self {
        let value = value.into_id();
        self.try_map_params(|params| {
            params.payment = Some(value?);
            Ok(())
        })
    }

    /// Only those with this status.
    #[must_use]
    pub fn status(
        self,
        value: impl Into<crate::generated::enums::DisputeStatus>,
    ) -> Self {
        let value: crate::generated::enums::DisputeStatus = value.into();
        self.map_params(|params| params.status = Some(value))
    }

    /// Bounds on the time of creation, as `created_at[gte]=…`.
    #[must_use]
    pub fn created_at(self, range: impl Into<crate::time::TimeRange>) -> Self {
        let range = range.into();
        self.map_params(|params| {
            params.created_at_gte = range.gte;
            params.created_at_gt = range.gt;
            params.created_at_lte = range.lte;
            params.created_at_lt = range.lt;
        })
    }
}

/// Parameters of `disputes.retrieve`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DisputesRetrieveParams {
    pub(crate) id: crate::generated::ids::DisputeId,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
}

impl crate::expand::SupportsExpand for DisputesRetrieveParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

/// Parameters of `disputes.accept`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DisputesAcceptParams {
    pub(crate) id: crate::generated::ids::DisputeId,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
}

impl crate::expand::SupportsExpand for DisputesAcceptParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

/// Parameters of `disputes.submit_evidence`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DisputesSubmitEvidenceParams {
    pub(crate) id: crate::generated::ids::DisputeId,
    pub(crate) expand: Option<::std::vec::Vec<::std::string::String>>,
    pub(crate) body: crate::generated::types::DisputeEvidence,
}

impl crate::expand::SupportsExpand for DisputesSubmitEvidenceParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}
