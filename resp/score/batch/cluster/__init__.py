"""A batch on a Ray cluster: its processes turn recordings into reports, this one keeps the journal.

==============  =====================================================================================
``way``         what `resp.score.batch.score_batch` is given
``connect``     the cluster is found, or started on this machine
``pools``       how its cores and GPUs are shared out
``model``       how a model comes to the machines
``stages``      what runs there: reading and preparing; judging
``stream``      Ray Data moves recordings through both
``alone``       what the stream could not carry: long recordings, and those whose processes died
==============  =====================================================================================

Ray is an extra, and imported when it is used.
"""
